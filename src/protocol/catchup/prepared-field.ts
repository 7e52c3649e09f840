import { ByteWriter } from '../../base/byte-writer.ts';
import { type Prepared, prepareStatuses } from './catchup-response.ts';
import { MAX_NAME_BYTES } from './limits.ts';
import { type PayloadPlace, PayloadReader } from './payload-reader.ts';
import { encodeText } from './text-field.ts';

/** Size of a response without names and ids, and so of every failure. */
export const PREPARED_FAILURE_BYTES = 20;

/**
 * | type | field |
 * |---|---|
 * | i32 | status |
 * | i64 | C, 0 on error |
 * | i32 | number of names, then str each |
 * | i32 | number of index ids, then i64 each |
 */
export function encodePrepared({ status, transactionId, files, indexIds }: Prepared): Buffer {
  const writer = new ByteWriter(1024).i32(prepareStatuses.indexOf(status)).i64(transactionId).i32(files.length);
  for (const name of files) encodeText(name, writer);
  writer.i32(indexIds.length);
  for (const id of indexIds) writer.i64(id);
  return writer.toBuffer();
}

/** Decodes the body of a PREPARE_STORE_COPY_RESPONSE (spec catchup-protocol 10). */
export function decodePrepared(body: Buffer, place: PayloadPlace): Prepared {
  const reader = new PayloadReader(body, place, 'the answer to the prepare request');
  const number = reader.i32();
  const status = prepareStatuses[number];
  if (status === undefined) throw reader.refuse('the server sends an unknown status', number, 4);
  const transactionId = reader.exactI64();
  const files = Array.from({ length: reader.count(5) }, () => reader.text(MAX_NAME_BYTES));
  const indexIds = Array.from({ length: reader.count(8) }, () => reader.exactI64());
  reader.finish();
  return { status, transactionId, files, indexIds };
}
