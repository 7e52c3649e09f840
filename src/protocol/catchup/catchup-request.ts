import { ByteWriter } from '../../base/byte-writer.ts';
import { encodeFrame } from './frame-reader.ts';
import { MAX_NAME_BYTES } from './limits.ts';
import { type PayloadPlace, PayloadReader } from './payload-reader.ts';
import { type CatchupStoreId, encodeStoreId } from './store-id-field.ts';
import { encodeText } from './text-field.ts';

/** The requests of the protocol (spec catchup-protocol 8). An undefined store id is a null on the wire: no store has it. */
export type CatchupRequest =
  | { kind: 'storeId' }
  | { kind: 'coreSnapshot' }
  | { kind: 'prepareStoreCopy'; storeId: CatchupStoreId | undefined }
  /** `requiredTransactionId`: C of the prepare response. `name`: only its last part counts. */
  | { kind: 'storeFile'; storeId: CatchupStoreId | undefined; requiredTransactionId: number; name: string }
  | { kind: 'indexSnapshot'; storeId: CatchupStoreId | undefined; requiredTransactionId: number; indexId: number }
  /** Transactions from `after` + 1 on. */
  | { kind: 'transactions'; storeId: CatchupStoreId | undefined; after: number };

/** The byte in the type frame. 2 was STORE before 3.4; servers ignore it (spec catchup-protocol 14). */
const requestTypes = {
  transactions: 1,
  coreSnapshot: 3,
  storeId: 4,
  prepareStoreCopy: 5,
  storeFile: 6,
  indexSnapshot: 7,
} as const;

/**
 * Encodes the two frames of a request: its type, then its body.
 *
 * | type | request | body |
 * |---|---|---|
 * | 1 | TX_PULL_REQUEST | i64 after, storeId |
 * | 3 | CORE_SNAPSHOT | u8 0 |
 * | 4 | STORE_ID | u8 0 |
 * | 5 | PREPARE_STORE_COPY | storeId |
 * | 6 | STORE_FILE | storeId, i64 required transaction, str name |
 * | 7 | INDEX_SNAPSHOT | storeId, i64 required transaction, i64 index id |
 */
export function encodeRequest(request: CatchupRequest): Buffer {
  const body = new ByteWriter(128);
  switch (request.kind) {
    case 'transactions':
      encodeStoreId(request.storeId, body.i64(request.after));
      break;
    case 'prepareStoreCopy':
      encodeStoreId(request.storeId, body);
      break;
    case 'storeFile':
      encodeText(request.name, encodeStoreId(request.storeId, body).i64(request.requiredTransactionId));
      break;
    case 'indexSnapshot':
      encodeStoreId(request.storeId, body).i64(request.requiredTransactionId).i64(request.indexId);
      break;
    default:
      body.u8(0);
  }
  return Buffer.concat([encodeFrame(Buffer.from([requestTypes[request.kind]])), encodeFrame(body.view())]);
}

export type CatchupRequestKind = CatchupRequest['kind'];

/** The request for a type byte; undefined = unknown. */
export function requestKindOf(type: number): CatchupRequestKind | undefined {
  return (Object.keys(requestTypes) as CatchupRequestKind[]).find((kind) => requestTypes[kind] === type);
}

/** Decodes the body frame of a request. Numbers beyond 2^53 are inexact, and equal none of ours. */
export function decodeRequest(kind: CatchupRequestKind, body: Buffer, place: PayloadPlace): CatchupRequest {
  // Any body is accepted (spec catchup-protocol 9).
  if (kind === 'storeId' || kind === 'coreSnapshot') return { kind };
  const reader = new PayloadReader(body, place, 'a request');
  const request = readBody(kind, reader);
  reader.finish();
  return request;
}

function readBody(
  kind: Exclude<CatchupRequestKind, 'storeId' | 'coreSnapshot'>,
  reader: PayloadReader,
): CatchupRequest {
  switch (kind) {
    case 'transactions': {
      const after = reader.i64();
      return { kind, after, storeId: reader.storeId() };
    }
    case 'prepareStoreCopy':
      return { kind, storeId: reader.storeId() };
    case 'storeFile':
      return { kind, storeId: reader.storeId(), requiredTransactionId: reader.i64(), name: readName(reader) };
    case 'indexSnapshot':
      return { kind, storeId: reader.storeId(), requiredTransactionId: reader.i64(), indexId: reader.i64() };
  }
}

/** Reads a name up to the end of the frame: the Java client counts UTF-16 units instead of bytes (spec catchup-protocol 11). */
function readName(reader: PayloadReader): string {
  const start = reader.position;
  const units = reader.i32();
  const text = reader.buffer.toString('utf8', reader.position, reader.end);
  if (units !== reader.remaining && units === text.length && reader.remaining <= MAX_NAME_BYTES) {
    reader.skip(reader.remaining);
    return text;
  }
  reader.position = start;
  return reader.text(MAX_NAME_BYTES);
}
