import { visitCommand } from './commands/command-table.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';
import { COMMAND_ENTRY, COMMIT_ENTRY, type EntryForm, entryFormOfByte, START_ENTRY } from './entries/entry-types.ts';
import { skipStartEntry } from './entries/start-entry.ts';
import { corruptLog, INCOMPLETE } from './fields/log-integer.ts';
import type { TransactionVisitor } from './fields/transaction-visitor.ts';

/**
 * Walks one complete transaction, `buffer[start, end)` from its Start entry to the end of its Commit entry, and reports every command to
 * `visitor`. Allocates nothing. Throws `log.corrupt`, with the offset in the buffer, for anything other than exactly one transaction.
 */
export function walkTransaction(buffer: Uint8Array, start: number, end: number, visitor: TransactionVisitor): void {
  try {
    let at = skipStart(buffer, start, end);
    for (;;) {
      if (at + 2 > end) throw INCOMPLETE;
      const form = readEntryForm(buffer, at);
      const type = buffer[at + 1]!;
      if (type !== COMMAND_ENTRY) break;
      at = visitCommand(buffer, at + 2, end, form, visitor);
    }
    if (buffer[at + 1] !== COMMIT_ENTRY || at + COMMIT_ENTRY_BYTES !== end) {
      throw corruptLog('a transaction does not end with its commit entry', at, buffer[at + 1]!);
    }
  } catch (error) {
    if (error === INCOMPLETE) throw corruptLog('a transaction ends inside an entry', end);
    throw error;
  }
}

function skipStart(buffer: Uint8Array, start: number, end: number): number {
  if (start + 2 > end) throw INCOMPLETE;
  readEntryForm(buffer, start);
  if (buffer[start + 1] !== START_ENTRY) {
    throw corruptLog('a transaction does not begin with a start entry', start, buffer[start + 1]!);
  }
  return skipStartEntry(buffer, start, end);
}

/** The form of the entry at `at`, from its version byte; throws `log.corrupt` if no server writes that version. */
export function readEntryForm(buffer: Uint8Array, at: number): EntryForm {
  const form = entryFormOfByte(buffer[at]!);
  if (form === undefined) {
    throw corruptLog('an entry has a version that does not exist', at, (buffer[at]! << 24) >> 24);
  }
  return form;
}
