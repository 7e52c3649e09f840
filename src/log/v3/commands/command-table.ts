import type { ByteWriter } from '../../../base/byte-writer.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { corruptLog, INCOMPLETE } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
import { nodeCountsCommand, relationshipCountsCommand } from './counts-commands.ts';
import { indexDefineCommand } from './index-define-command.ts';
import { indexAddNodeCommand, indexAddRelationshipCommand, indexRemoveCommand } from './index-entry-commands.ts';
import { indexCreateCommand, indexDeleteCommand } from './index-life-commands.ts';
import { neoStoreCommand } from './neo-store-command.ts';
import { nodeCommand } from './node-command.ts';
import { propertyCommand } from './property-command.ts';
import { relationshipCommand } from './relationship-command.ts';
import { relationshipGroupCommands } from './relationship-group-command.ts';
import { schemaRuleCommand } from './schema-rule-command.ts';
import { tokenCommands } from './token-command.ts';

/** Every command type, each with its layout in its own file (spec transaction-logs 3). Types 18 to 20 do not exist. */
const rows = [
  nodeCommand,
  propertyCommand,
  relationshipCommand,
  ...relationshipGroupCommands,
  ...tokenCommands,
  neoStoreCommand,
  schemaRuleCommand,
  nodeCountsCommand,
  relationshipCountsCommand,
  indexDefineCommand,
  indexAddNodeCommand,
  indexAddRelationshipCommand,
  indexRemoveCommand,
  indexDeleteCommand,
  indexCreateCommand,
] as const;

type CommandOf<Row> = Row extends CommandKind<infer C> ? C : never;

/** One command of a transaction, fully decoded. */
export type LogCommand = CommandOf<(typeof rows)[number]>;

/** A row whose command type is known only at run time. */
type AnyKind = CommandKind<LogCommand>;

const table = rows as unknown as readonly AnyKind[];

const rowOfType: readonly (AnyKind | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  table.find((row) => row.type === type),
);

/** The row of the command whose type byte is at `at`; throws `INCOMPLETE` or `log.corrupt`. */
function rowAt(buffer: Uint8Array, at: number, end: number): AnyKind {
  if (at + 1 > end) throw INCOMPLETE;
  const row = rowOfType[buffer[at]!];
  if (row === undefined) throw corruptLog('a command has a type that does not exist', at, buffer[at]!);
  return row;
}

function rowOf(command: LogCommand): AnyKind {
  const row = table.find(({ kind, holds }) => kind === command.kind && (holds === undefined || holds(command)));
  if (row === undefined)
    throw new GraphkeepError('internal', 'a command has no row in the table', { observed: command.kind });
  return row;
}

/**
 * Walks over the command whose type byte is at `at` and returns the offset after it; allocates nothing. Throws `INCOMPLETE` if the window
 * ends at `end` before the command does, and `log.corrupt`, with the offset in the window, for damage. A zero byte before the type, which
 * servers skip but never write, counts as damage.
 */
export function skipCommand(buffer: Uint8Array, at: number, end: number, form: EntryForm): number {
  return rowAt(buffer, at, end).skip(buffer, at + 1, end, form);
}

/** {@link skipCommand} that also reports the command's content to `visitor`. Refuses forms without before-images with `store.format`. */
export function visitCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  form: EntryForm,
  visitor: TransactionVisitor,
): number {
  const row = rowAt(buffer, at, end);
  if (form.afterImageOnly) throw refuseReplay(form, at);
  return row.visit(buffer, at + 1, end, form, visitor);
}

function refuseReplay({ version }: EntryForm, at: number): GraphkeepError {
  return new GraphkeepError('store.format', 'the transaction was written by Neo4j 2.3 and cannot be replayed', {
    observed: version,
    place: { offset: at },
  });
}

/**
 * Decodes the complete command whose type byte is at `at`, copying everything out of `buffer`. For inspection and tests; replay uses {@link
 * visitCommand}. Not for forms without before-images.
 */
export function decodeCommand(buffer: Uint8Array, at: number, end: number, form: EntryForm): LogCommand {
  return rowAt(buffer, at, end).decode(buffer, at + 1, end, form);
}

/** Writes the type byte and the body of `command` in the current form. */
export function encodeCommand(writer: ByteWriter, command: LogCommand): void {
  const row = rowOf(command);
  writer.u8(row.type);
  row.encode(writer, command);
}
