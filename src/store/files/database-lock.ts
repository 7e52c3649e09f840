import { dirname, join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { forbiddenError, isForbidden, isMissing, systemCodeOf } from '../../base/file-errors.ts';
import { type FileLock, lockFileWithin, tryLockFile } from '../../base/file-lock.ts';
import { findTargetLock } from '../../base/target-lock.ts';
import { STORE_LOCK_FILE } from './store-files.ts';

/** Both lock files of a database, locked. */
export interface DatabaseLock {
  /** Releases both locks; never throws. */
  release(): Promise<void>;
}

/**
 * A backup that is followed is locked for a moment, again and again. Whoever only reads waits so long for the next pause, in milliseconds.
 */
export const READER_PATIENCE_MS = 5000;

/**
 * Locks a database so that no server can use it meanwhile. A 3.4 server locks `store_lock` in the database directory, a 3.5 server the one
 * beside it (one for all databases), so both are taken. Missing lock files are created, and removed on release. Where they cannot be
 * created (a read-only disk), no server can run either, so no lock is needed.
 *
 * `shared`: for callers that only read the closed database. Shared locks exclude servers and writers, but not each other. `patienceMs`:
 * how long to wait for another holder; default: not at all.
 *
 * @throws GraphkeepError `directory.in-use`, or `directory.forbidden` if an existing lock file may not be written
 */
export async function lockDatabase(
  databaseDirectory: string,
  { shared = false, patienceMs = 0 }: { shared?: boolean; patienceMs?: number } = {},
): Promise<DatabaseLock> {
  const held: FileLock[] = [];
  try {
    for (const directory of [dirname(databaseDirectory), databaseDirectory]) {
      if ((await statIfExists(directory))?.isDirectory() !== true) continue;
      const lock = await lockOne(join(directory, STORE_LOCK_FILE), shared, patienceMs);
      if (lock !== undefined) held.push(lock);
    }
  } catch (error) {
    await releaseAll(held);
    throw error;
  }
  return { release: () => releaseAll(held) };
}

/** True if a server or another command holds a lock of the database. Creates nothing. */
export async function isDatabaseInUse(databaseDirectory: string): Promise<boolean> {
  for (const directory of [dirname(databaseDirectory), databaseDirectory]) {
    try {
      const lock = await tryLockFile(join(directory, STORE_LOCK_FILE), { create: false, shared: true });
      if (lock === undefined) return true;
      await lock.release();
    } catch (error) {
      // A file in place of the directory is not in use; later checks will report that it is no database.
      if (!isMissing(error) && systemCodeOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return false;
}

/**
 * Reads a closed database or backup while nobody can change it.
 * @throws GraphkeepError `directory.in-use`
 */
export async function whileUnchanged<T>(directory: string, read: () => Promise<T>): Promise<T> {
  const patienceMs = (await isBackupAtWork(directory)) ? READER_PATIENCE_MS : 0;
  const lock = await lockDatabase(directory, { shared: true, patienceMs });
  try {
    return await read();
  } finally {
    await lock.release();
  }
}

/** True if a backup is being made into the directory, which has a lock of its own then. A server keeps its lock: waiting is no use. */
async function isBackupAtWork(directory: string): Promise<boolean> {
  const { own, other } = await findTargetLock(directory);
  return (await Promise.all([own, other].map((path) => statIfExists(path)))).some((info) => info !== undefined);
}

async function lockOne(path: string, shared: boolean, patienceMs: number): Promise<FileLock | undefined> {
  try {
    const lock = await lockFileWithin(patienceMs, path, { shared });
    if (lock !== undefined) return lock;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    if ((await statIfExists(path)) === undefined) return undefined;
    throw forbiddenError(error, 'the lock file of the database may not be written', path);
  }
  throw new GraphkeepError('directory.in-use', 'the database is in use -- stop Neo4j and try again');
}

async function releaseAll(locks: readonly FileLock[]): Promise<void> {
  for (const lock of [...locks].reverse()) await lock.release();
}

/** Runs `work` while the database is locked. `forbidden` is the message for a lock file that may not be written. */
export async function withDatabaseLock<T>(directory: string, forbidden: string, work: () => Promise<T>): Promise<T> {
  let lock: DatabaseLock;
  try {
    lock = await lockDatabase(directory);
  } catch (error) {
    if (!hasCode(error, 'directory.forbidden')) throw error;
    throw forbiddenError(error.cause, forbidden, error.place?.file ?? directory);
  }
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
