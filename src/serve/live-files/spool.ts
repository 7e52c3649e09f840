import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lstatIfExists, makeDirectory, removeTree } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile, fileError, isForbidden, isMissing } from '../../base/file-errors.ts';
import { type FileLock, tryLockFile } from '../../base/file-lock.ts';

const NAME = /^graphkeep-serve-[0-9a-f]{16}\.lock$/;

/**
 * A private directory for copies of files that a server keeps changing. Beside it is a lock file, locked as long as the process lives: what
 * a killed process left is removed by the next one that uses the same place.
 */
export class Spool {
  private readonly path: string;
  private readonly lock: FileLock;
  private folders = 0;
  private readonly removals = new Set<Promise<void>>();

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.lock = lock;
  }

  /** @throws GraphkeepError `file.io` if nothing can be created in `place` */
  static async open(place: string): Promise<Spool> {
    await makeDirectory(place);
    await removeAbandoned(place);
    const path = join(place, `graphkeep-serve-${randomBytes(8).toString('hex')}`);
    const lock = await tryLockFile(`${path}.lock`, { remove: 'always' });
    if (lock === undefined) throw new GraphkeepError('internal', 'a new file is locked', { place: { file: path } });
    try {
      await atFile('create the directory', path, () => mkdir(path, { mode: 0o700 }));
    } catch (error) {
      await lock.release();
      throw error;
    }
    return new Spool(path, lock);
  }

  /** A new empty folder. */
  async makeFolder(): Promise<string> {
    const folder = join(this.path, String(this.folders++));
    await atFile('create the directory', folder, () => mkdir(folder));
    return folder;
  }

  /** Begins to remove a folder that nobody needs any more. What cannot be removed goes with the spool. */
  drop(folder: string): void {
    const removal = rm(folder, { recursive: true, force: true })
      .catch(() => {})
      .finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }

  async close(): Promise<void> {
    await Promise.all(this.removals);
    await removeTree(this.path);
    await this.lock.release();
  }
}

async function removeAbandoned(place: string): Promise<void> {
  const names = await atFile('read the directory', place, () => readdir(place));
  for (const name of names.filter((candidate) => NAME.test(candidate))) await removeIfAbandoned(join(place, name));
}

/** Only what is of this user: in a directory for everybody, others could make us remove what they have no right to. */
async function isOurs(path: string): Promise<boolean> {
  const user = process.geteuid?.();
  const info = await lstatIfExists(path);
  return info === undefined || user === undefined || info.uid === user;
}

async function removeIfAbandoned(lockPath: string): Promise<void> {
  const folder = lockPath.slice(0, -'.lock'.length);
  if (!(await isOurs(lockPath)) || !(await isOurs(folder))) return;
  let lock: FileLock | undefined;
  try {
    lock = await tryLockFile(lockPath, { create: false, remove: 'always' });
  } catch (error) {
    // Its process has just ended, or it is that of another user.
    if (isMissing(error) || isForbidden(error)) return;
    throw fileError(error, 'open the lock file', lockPath);
  }
  if (lock === undefined) return;
  try {
    await removeTree(folder);
  } finally {
    await lock.release();
  }
}
