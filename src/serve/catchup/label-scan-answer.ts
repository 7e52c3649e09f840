import { stat, writeFile as writeToDisk } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { ScratchDirectory } from '../../base/scratch-directory.ts';
import { LabelRemovals } from '../database/label-removals.ts';
import type { ServedCopy, ServedFile } from '../database/served-database.ts';
import { readServedFile } from '../database/served-files.ts';
import { type AnswerScope, writeFile } from './answer-scope.ts';

/** Directories below that for temporary files. */
const PREFIX = 'graphkeep-labels';

/**
 * Sends the label scan store as of C to a client that applies C once more: it requests C too, to begin its log with it (spec
 * catchup-protocol 13). A Java client adds the label that C removed if that left its range without an entry, and the entry is gone (spec
 * transaction-logs 7.3). So it gets a copy in which such entries are there, without nodes.
 */
export async function writeLabelScan(copy: ServedCopy, file: ServedFile, scope: AnswerScope): Promise<void> {
  const { signal } = scope;
  const removals = await readRemovals(copy.lastTransaction, scope);
  if (removals.isEmpty) {
    await writeFile(file, copy.readFile(file, signal), scope);
    return;
  }
  const scratch = await ScratchDirectory.create(tmpdir(), PREFIX);
  try {
    const path = join(scratch.path, 'labels');
    const pieces = copy.readFile(file, signal);
    await atFile('write the file', path, () => writeToDisk(path, pieces, { flag: 'wx', mode: 0o600 }));
    await removals.prepare(path, signal);
    const { size, ino, mtimeMs } = await atFile('read the file', path, () => stat(path));
    const prepared = { ...file, path, sizeBytes: size, inode: ino, modifiedMs: mtimeMs };
    await writeFile(prepared, readServedFile(prepared, signal), scope);
  } finally {
    await scratch.remove();
  }
}

/** The labels that a transaction removed; none if no log holds it any more, since the client cannot get it then. */
async function readRemovals(transaction: number, { database, signal }: AnswerScope): Promise<LabelRemovals> {
  const removals = new LabelRemovals();
  if (transaction <= 1) return removals;
  try {
    const transactions = await database.openTransactions(transaction - 1, signal);
    try {
      for await (const { bytes } of transactions.each()) {
        removals.take(Buffer.from(bytes), 0, bytes.length);
        break;
      }
    } finally {
      transactions.close();
    }
  } catch (error) {
    if (!hasCode(error, 'serve.history-pruned')) throw error;
  }
  return removals;
}
