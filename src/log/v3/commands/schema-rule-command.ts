import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { INCOMPLETE } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
import {
  type DynamicImage,
  decodeDynamicRecords,
  encodeDynamicRecords,
  skipDynamicRecords,
  visitDynamicRecords,
} from './dynamic-record-image.ts';
import { checkBoolean } from './record-flags.ts';

/**
 * SchemaRule command (type 7, spec transaction-logs 3.8): `records(before) records(after) created:i8(0|1)`. The rule is the concatenated
 * data of the records in use; its id is that of the first record. If `created`, the before-list is a copy of the after-list.
 */
export interface SchemaRuleCommand {
  kind: 'schemaRule';
  before: DynamicImage[];
  after: DynamicImage[];
  created: boolean;
}

function skip(buffer: Uint8Array, at: number, end: number): number {
  const created = skipDynamicRecords(buffer, skipDynamicRecords(buffer, at, end), end);
  if (created + 1 > end) throw INCOMPLETE;
  checkBoolean(buffer, created);
  return created + 1;
}

function visit(buffer: Uint8Array, at: number, end: number, _form: EntryForm, visitor: TransactionVisitor): number {
  const next = skip(buffer, at, end);
  const after = skipDynamicRecords(buffer, at, end);
  visitor.schemaRule(at, after, buffer[next - 1] === 1, next);
  visitDynamicRecords(buffer, at, end, 'schema', true, visitor);
  visitDynamicRecords(buffer, after, end, 'schema', false, visitor);
  return next;
}

export function decodeSchemaRuleCommand(buffer: Uint8Array, at: number, end: number): SchemaRuleCommand {
  const after = skipDynamicRecords(buffer, at, end);
  return {
    kind: 'schemaRule',
    before: decodeDynamicRecords(buffer, at, end),
    after: decodeDynamicRecords(buffer, after, end),
    created: buffer[skipDynamicRecords(buffer, after, end)] === 1,
  };
}

function encode(writer: ByteWriter, command: SchemaRuleCommand): void {
  encodeDynamicRecords(writer, command.before);
  encodeDynamicRecords(writer, command.after);
  writer.u8(command.created ? 1 : 0);
}

export const schemaRuleCommand: CommandKind<SchemaRuleCommand> = {
  type: 7,
  kind: 'schemaRule',
  skip,
  visit,
  decode: decodeSchemaRuleCommand,
  encode,
};
