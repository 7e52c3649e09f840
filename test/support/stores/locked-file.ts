import { type FileLock, tryLockFile } from '../../../src/base/file-lock.ts';

/** Locks a file as a process that works with a database does; throws if somebody else has the lock. */
export async function lockFile(path: string): Promise<FileLock> {
  const lock = await tryLockFile(path);
  if (lock === undefined) throw new Error(`${path} is locked`);
  return lock;
}
