import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { INCOMPLETE, readReference } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';

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

function skip(_buffer: Uint8Array, at: number, end: number, { afterImageOnly }: EntryForm): number {
  const next = at + (afterImageOnly ? 8 : BODY_BYTES);
  if (next > end) throw INCOMPLETE;
  return next;
}

function visit(buffer: Uint8Array, at: number, end: number, _form: EntryForm, visitor: TransactionVisitor): number {
  if (at + BODY_BYTES > end) throw INCOMPLETE;
  visitor.neostore(readReference(buffer, at), readReference(buffer, at + 8));
  return at + BODY_BYTES;
}

function decode(buffer: Uint8Array, at: number): NeoStoreCommand {
  return {
    kind: 'neoStore',
    nextPropBefore: readReference(buffer, at),
    nextPropAfter: readReference(buffer, at + 8),
  };
}

function encode(writer: ByteWriter, command: NeoStoreCommand): void {
  writer.i64(command.nextPropBefore).i64(command.nextPropAfter);
}

export const neoStoreCommand: CommandKind<NeoStoreCommand> = { type: 6, kind: 'neoStore', skip, visit, decode, encode };
