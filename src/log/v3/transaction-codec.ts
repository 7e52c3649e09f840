import { ByteWriter } from '../../base/byte-writer.ts';
import { decodeCommand, encodeCommand, type LogCommand, skipCommand } from './commands/command-table.ts';
import { type CommitEntry, decodeCommitEntry, encodeCommitEntry } from './entries/commit-entry.ts';
import { COMMAND_ENTRY, CURRENT_ENTRY_VERSION_BYTE } from './entries/entry-types.ts';
import { decodeStartEntry, encodeStartEntry, type StartEntry, skipStartEntry } from './entries/start-entry.ts';
import { IdleVisitor } from './fields/transaction-visitor.ts';
import { readEntryForm, walkTransaction } from './transaction-walker.ts';

/** A transaction as objects: `Start Command* Commit`. */
export interface DecodedTransaction {
  start: StartEntry;
  commands: LogCommand[];
  commit: CommitEntry;
}

const idle = new IdleVisitor();

/** Decodes the complete transaction `buffer[start, end)` and copies everything. For inspection and tests, not for replay. */
export function decodeTransaction(buffer: Uint8Array, start = 0, end = buffer.length): DecodedTransaction {
  walkTransaction(buffer, start, end, idle);
  const commands: LogCommand[] = [];
  let at = skipStartEntry(buffer, start, end);
  while (buffer[at + 1] === COMMAND_ENTRY) {
    const form = readEntryForm(buffer, at);
    const next = skipCommand(buffer, at + 2, end, form);
    commands.push(decodeCommand(buffer, at + 2, next, form));
    at = next;
  }
  return { start: decodeStartEntry(buffer, start), commands, commit: decodeCommitEntry(buffer, at) };
}

/** Appends the transaction to `writer`, in entry version -10. */
export function encodeTransaction(transaction: DecodedTransaction, writer = new ByteWriter(1024)): ByteWriter {
  encodeStartEntry(writer, transaction.start);
  for (const command of transaction.commands) {
    writer.u8(CURRENT_ENTRY_VERSION_BYTE).u8(COMMAND_ENTRY);
    encodeCommand(writer, command);
  }
  encodeCommitEntry(writer, transaction.commit);
  return writer;
}

/**
 * The bytes of a transaction in the form of today's entries. Servers before 3.3 wrote other ones (spec transaction-logs 2). If only the
 * version differs, they are rewritten, as a server does when it sends them.
 */
export function inPresentForm(bytes: Buffer): Buffer {
  return bytes[0] === CURRENT_ENTRY_VERSION_BYTE ? bytes : encodeTransaction(decodeTransaction(bytes)).toBuffer();
}
