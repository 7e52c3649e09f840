import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { copyFileDurably, copyTree, makeDirectory, statIfExists, syncDirectory } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, isForbidden, isMissing } from '../base/file-errors.ts';
import { type FileLock, lockFileWithin } from '../base/file-lock.ts';
import { type FileRights, rightsOf } from '../base/file-rights.ts';
import { isWithin } from '../base/inner-links.ts';
import { isOwnEntry } from '../base/reserved-names.ts';
import { findTargetLock } from '../base/target-lock.ts';
import { measureTree } from '../base/tree-size.ts';
import type { DatabaseFiles } from '../generation/generation.ts';
import { lockDatabase, READER_PATIENCE_MS } from '../store/files/database-lock.ts';
import { isStoreDirectory } from '../store/files/neostore-metadata.ts';
import { STORE_LOCK_FILE } from '../store/files/store-files.ts';
import { recogniseStore } from '../store/files/store-recognition.ts';
import { describeUnsupported } from '../store/files/supported-store.ts';
import { requireConsistent, requireRestorable } from './restorable-store.ts';
import { CopyCount, type RestoreEvent } from './restore-events.ts';
import type { RestoreNote } from './restore-notes.ts';
import { StagedDatabase } from './staged-database.ts';
import { requireVacancy } from './vacancy.ts';

/** Brings a store up to the end of its log, in place. The caller passes it in from `replay/`. */
export type RecoverStore = (directory: string, signal: AbortSignal) => Promise<void>;

export interface RestoreOptions {
  /** As the user typed it, for messages. */
  typedFrom: string;
  /** Absolute path of the backup. */
  from: string;
  databaseName: string;
  /** Absolute path; its parent is created if missing. */
  databaseDirectory: string;
  /** Directory for the logs; equal to the database directory if they have no separate one. */
  transactionLogDirectory: string;
  /** Replace an existing database. */
  force: boolean;
  /** Recovers the copy of a backup that was not shut down cleanly. Without it, the server recovers at its first start. */
  recoverStore?: RecoverStore | undefined;
  /** Also check the consistency of the copy; an inconsistent one, or one that waits for recovery, replaces nothing. */
  checkConsistency?: boolean;
  /** How long to wait for a job that works in the backup, in milliseconds. Default: a few seconds. */
  patienceMs?: number;
  signal: AbortSignal;
  onEvent?: ((event: RestoreEvent) => void) | undefined;
}

export interface RestoreReport {
  files: number;
  bytes: number;
  /** The backup was not clean and the copy was recovered. */
  recovered: boolean;
  /** The backup was not clean and the server will recover it at its first start. */
  needsRecovery: boolean;
  /** What the user should know although the database is in place. */
  notes: RestoreNote[];
}

/**
 * Puts a backup in the place of a database (spec backup-command 7.1). The old database is kept until the copy is complete, flushed and
 * recovered. The lock file of the backup is not copied.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<RestoreReport> {
  await requireBackup(options);
  await requireVacancy(options);
  await refuseOverlap(options);
  const backupLocks = await lockBackup(options);
  try {
    await makeDirectory(dirname(options.databaseDirectory));
    const databaseLock = await lockDatabase(options.databaseDirectory);
    try {
      return await copyAndPublish(options);
    } finally {
      await databaseLock.release();
    }
  } finally {
    await releaseAll(backupLocks);
  }
}

async function copyAndPublish(options: RestoreOptions): Promise<RestoreReport> {
  const { signal } = options;
  // Detects everything that no server would open before anything is copied.
  const { generation, needsRecovery: dirty } = await requireRestorable(options.from);
  const { files } = generation;
  const staged = await StagedDatabase.create({ ...options, files, modes: await modesOfBackup(options.from, files) });
  try {
    const total = await copyKeyFileLast(options, files, staged.path);
    const recovered = dirty && options.recoverStore !== undefined;
    if (recovered) await options.recoverStore!(staged.path, signal);
    await requireRestorable(staged.path);
    if (options.checkConsistency === true) await requireConsistent(staged.path, signal, options.onEvent);
    throwIfCancelled(signal);
    const notes = await staged.publish();
    return { ...total, recovered, needsRecovery: dirty && !recovered, notes };
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

/** Nobody may read more of the database than of its backup. The owner must be able to write even if the backup is read-only. */
async function modesOfBackup(from: string, { keyFile }: DatabaseFiles): Promise<FileRights['modes']> {
  const { modes } = await rightsOf(from, keyFile);
  return modes && { directory: modes.directory | 0o700, file: modes.file | 0o600 };
}

async function copyKeyFileLast(
  options: RestoreOptions,
  { keyFile, lockFile }: DatabaseFiles,
  to: string,
): Promise<{ files: number; bytes: number }> {
  const { from, signal, onEvent } = options;
  const isWanted = (name: string) => name !== lockFile && !isOwnEntry(name) && name !== 'lost+found';
  const count = new CopyCount(onEvent);
  count.begin(await measureTree(from, isWanted));
  const copyOptions = { signal, onBytes: count.count };
  const include = (name: string) => name !== keyFile && isWanted(name);
  const total = await copyTree(from, to, { ...copyOptions, onFile: count.file, include });
  const key = join(from, keyFile);
  count.file(keyFile, (await statIfExists(key))?.size ?? 0);
  total.bytes += await copyFileDurably(key, join(to, keyFile), copyOptions);
  total.files++;
  await syncDirectory(to);
  return total;
}

async function requireBackup({ from, typedFrom }: RestoreOptions): Promise<void> {
  if ((await statIfExists(from)) === undefined) {
    throw new GraphkeepError('backup.missing', `Source directory does not exist [${typedFrom}]`);
  }
  if (await isStoreDirectory(from)) return;
  const { observed, hint } = describeUnsupported(await recogniseStore(from), from);
  throw new GraphkeepError('backup.invalid', `Source directory is not a database backup [${typedFrom}]`, {
    ...(observed === undefined ? {} : { observed }),
    hint,
  });
}

/** Refuses a backup that is the database itself or inside it: it would be replaced by its own copy and then removed. */
async function refuseOverlap(options: RestoreOptions): Promise<void> {
  const source = await realpathOrSelf(options.from);
  for (const place of [options.databaseDirectory, options.transactionLogDirectory]) {
    const real = await realpathOrSelf(place);
    if (!isWithin(source, real) && !isWithin(real, source)) continue;
    throw new GraphkeepError(
      'backup.invalid',
      `Source directory overlaps the database it would replace [${options.typedFrom}]`,
      {
        observed: place,
        hint: 'Move the backup elsewhere first, then restore from there.',
      },
    );
  }
}

async function realpathOrSelf(path: string): Promise<string> {
  try {
    return await atFile('open the directory', path, () => realpath(path));
  } catch (error) {
    if (isMissing(error)) return path;
    throw error;
  }
}

/**
 * Locks the backup, so that no job writes into it while it is copied. The places of our jobs: {@link findTargetLock}. The Java client locks
 * `store_lock`: 3.4 in the backup, 3.5 beside it. Skips what {@link lockDatabase} locks anyway.
 */
async function lockBackup({
  from,
  databaseDirectory,
  patienceMs = READER_PATIENCE_MS,
}: RestoreOptions): Promise<FileLock[]> {
  const { own, other } = await findTargetLock(from);
  const places = [
    // Removed even if a killed run left it: nobody else would.
    { path: own, create: true, remove: 'always' as const },
    { path: other, create: false },
    { path: join(from, STORE_LOCK_FILE), create: false },
    { path: join(dirname(from), STORE_LOCK_FILE), create: false },
  ];
  const held: FileLock[] = [];
  for (const { path, ...how } of places) {
    if (path === join(dirname(databaseDirectory), STORE_LOCK_FILE)) continue;
    try {
      const lock = await lockFileWithin(patienceMs, path, { shared: true, ...how });
      if (lock !== undefined) {
        held.push(lock);
        continue;
      }
    } catch (error) {
      // The backup may be on a read-only disk; then nobody writes it from here either.
      if (isMissing(error) || isForbidden(error)) continue;
      await releaseAll(held);
      throw error;
    }
    await releaseAll(held);
    throw new GraphkeepError('directory.in-use', 'the backup is being written by another process', {
      place: { file: path },
    });
  }
  return held;
}

async function releaseAll(locks: readonly FileLock[]): Promise<void> {
  for (const lock of locks) await lock.release();
}
