import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BackupEvent } from '../../../src/backup/backup-events.ts';
import { runBackup } from '../../../src/backup/backup-job.ts';
import { BackupFailed, type BackupOptions, type BackupReport } from '../../../src/backup/backup-options.ts';
import { GraphkeepError } from '../../../src/base/errors.ts';
import { listLogFiles } from '../../../src/log/log-files.ts';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { readMetadata } from '../../../src/store/files/neostore-metadata.ts';
import { type GeneratedHistory, readSimpleGraph } from '../history/generated-history.ts';
import { jobOptions } from './job-options.ts';
import { ToldEvents } from './told-events.ts';

export interface Attempt {
  report?: BackupReport;
  error?: GraphkeepError;
  /** stdout. */
  lines: string[];
  /** stderr. */
  notes: string[];
  events: BackupEvent[];
}

export interface AttemptOptions extends Partial<BackupOptions> {
  signal?: AbortSignal;
  onEvent?: (event: BackupEvent) => void;
}

/** Runs one backup in this process. Any error must be a GraphkeepError, including the causes that we made. */
export async function attemptBackup(
  backupDir: string,
  from: BackupOptions['from'],
  { signal = new AbortController().signal, onEvent = () => {}, ...changed }: AttemptOptions = {},
): Promise<Attempt> {
  const told = new ToldEvents();
  const { lines, notes, events } = told;
  const tell = (event: BackupEvent): void => {
    told.take(event);
    onEvent(event);
  };
  try {
    const report = await runBackup(jobOptions(backupDir, from, changed), tell, signal);
    return { report, lines, notes, events };
  } catch (error) {
    return { error: requireOurs(error), lines, notes, events };
  }
}

function requireOurs(error: unknown): GraphkeepError {
  if (!(error instanceof GraphkeepError)) throw error;
  if (error.code === 'internal') throw error;
  if (error instanceof BackupFailed) for (const attempt of error.attempts) requireOurs(attempt.error);
  return error;
}

/** A backup that must succeed. */
export async function makeBackup(
  backupDir: string,
  from: BackupOptions['from'],
  options: AttemptOptions = {},
): Promise<BackupReport> {
  const { report, error } = await attemptBackup(backupDir, from, options);
  if (report === undefined) throw error;
  return report;
}

/** Every name below a directory with its content, as one text: equal = nothing was touched. */
export function hashTree(
  directory: string,
  except: string[] = [],
  isLeftOut: (name: string) => boolean = () => false,
): string {
  const hash = createHash('sha256');
  const all = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const names = all.filter((name) => !except.includes(name) && !isLeftOut(name)).sort();
  for (const name of names) {
    const path = join(directory, name);
    const info = lstatSync(path);
    hash.update(`${name}\0${info.isFile() ? `${info.size}\0${info.mtimeMs}\0` : ''}`);
    if (info.isFile()) hash.update(readFileSync(path));
  }
  return `${names.length} entries, ${hash.digest('hex')}`;
}

/**
 * Asserts that the backup is the store of `history` as of `transaction`, closed cleanly, and holds nothing unnecessary; our own files and a
 * lock file may be there only if `wasKilled`.
 */
export function expectExact(target: string, history: GeneratedHistory, transaction: number, wasKilled = false): void {
  expect(findRecoveryStart(target).needed).toBe(false);
  const { files } = listLogFiles(target);
  expect(files.length).toBe(1);
  const { lastTransactionId, lastTransactionChecksum, logVersion } = readMetadata(join(target, 'neostore'));
  const last = history.transactions.find(({ id }) => id === transaction);
  expect({ id: lastTransactionId, checksum: lastTransactionChecksum }).toEqual({
    id: transaction,
    checksum: last?.checksum ?? 0n,
  });
  expect(logVersion).toBe(files[0]!.version);
  expect(readSimpleGraph(target)).toEqual(history.graphAt(transaction));
  const leftovers = readdirSync(target).filter((name) => /lock|graphkeep|temp/.test(name));
  expect(leftovers.filter((name) => !wasKilled || !/^store_lock$|^\.graphkeep-/.test(name))).toEqual([]);
}
