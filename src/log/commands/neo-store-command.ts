import type { ByteWriter } from '../../base/byte-writer.ts';
import { INCOMPLETE, readReference } from '../log-integer.ts';
import type { TransactionVisitor } from '../transaction-visitor.ts';

/**
 * NeoStore command (type 6, spec transaction-logs 3.7): `nextPropBefore:i64 nextPropAfter:i64`, the first property of the graph
 * itself (field 5 of `neostore`), -1 = none.
 */
export interface NeoStoreCommand {
  kind: 'neoStore';
  nextPropBefore: number;
  nextPropAfter: number;
}

const BODY_BYTES = 16;

/** Legacy entries carry only the value after. */
export function skipNeoStoreCommand(_buffer: Uint8Array, at: number, end: number, legacy: boolean): number {
  const next = at + (legacy ? 8 : BODY_BYTES);
  if (next > end) throw INCOMPLETE;
  return next;
}

export function visitNeoStoreCommand(buffer: Uint8Array, at: number, end: number, visitor: TransactionVisitor): number {
  if (at + BODY_BYTES > end) throw INCOMPLETE;
  visitor.neostore(readReference(buffer, at), readReference(buffer, at + 8));
  return at + BODY_BYTES;
}

export function decodeNeoStoreCommand(buffer: Uint8Array, at: number): NeoStoreCommand {
  return {
    kind: 'neoStore',
    nextPropBefore: readReference(buffer, at),
    nextPropAfter: readReference(buffer, at + 8),
  };
}

export function encodeNeoStoreCommand(writer: ByteWriter, command: NeoStoreCommand): void {
  writer.i64(command.nextPropBefore).i64(command.nextPropAfter);
}
