import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requireDirectory } from './canonical-directory.ts';
import { lstatIfExists, removeTree } from './durable-files.ts';
import { GraphkeepError } from './errors.ts';
import { atFile } from './file-errors.ts';
import { type FileLock, tryLockFile } from './file-lock.ts';

/** Random bytes in a name. */
const NAME_BYTES = 4;
/** Names are drawn at random: the next one is free. */
const MOST_ATTEMPTS = 10;

/**
 * A directory of one run below one that others use as well, such as that for temporary files:
 *
 *   <parent>/<prefix>-<hex digits>         accessible to its owner only
 *   <parent>/<prefix>-<hex digits>.lock    locked while the run lives; the system drops the lock of a run that was killed
 *
 * What a killed run has left is removed by the next one, whatever the two work on. Runs at the same time do not disturb each other.
 */
export class ScratchDirectory {
  readonly path: string;
  private readonly lock: FileLock;

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * @param nameBytes random bytes in its name; the same for all with this prefix
   * @throws GraphkeepError `directory.missing`, `file.io`
   */
  static async create(parent: string, prefix: string, nameBytes = NAME_BYTES): Promise<ScratchDirectory> {
    await requireDirectory(parent);
    await removeLeftOvers(parent, prefix, nameBytes);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const path = join(parent, `${prefix}-${randomBytes(nameBytes).toString('hex')}`);
      // The lock comes first: a directory without one counts as left over.
      const lock = await tryLockFile(lockOf(path), { remove: 'always' });
      if (lock === undefined) continue;
      try {
        await atFile('create the directory', path, () => mkdir(path, { mode: 0o700 }));
        return new ScratchDirectory(path, lock);
      } catch (error) {
        await lock.release();
        throw error;
      }
    }
    throw new GraphkeepError('file.io', 'cannot create a scratch directory', { place: { file: parent } });
  }

  /** Removes it with everything in it. */
  async remove(): Promise<void> {
    try {
      await removeTree(this.path);
    } finally {
      await this.lock.release();
    }
  }
}

const lockOf = (path: string): string => `${path}.lock`;

/** Removes what killed runs of this user have left. What cannot be removed stays: it is not in the way. */
async function removeLeftOvers(parent: string, prefix: string, nameBytes: number): Promise<void> {
  const names = await atFile('read the directory', parent, () => readdir(parent));
  const stems = names.map((name) => name.replace(/\.lock$/, '')).filter((name) => isOurs(name, prefix, nameBytes));
  for (const stem of new Set(stems)) {
    try {
      await removeLeftOver(join(parent, stem));
    } catch (error) {
      if (!(error instanceof GraphkeepError)) throw error;
    }
  }
}

function isOurs(name: string, prefix: string, nameBytes: number): boolean {
  const digits = name.slice(prefix.length + 1);
  return name.startsWith(`${prefix}-`) && digits.length === 2 * nameBytes && /^[0-9a-f]+$/.test(digits);
}

async function removeLeftOver(path: string): Promise<void> {
  const user = process.geteuid?.();
  for (const [entry, isKind] of [
    [path, 'isDirectory'],
    [lockOf(path), 'isFile'],
  ] as const) {
    const info = await lstatIfExists(entry);
    if (info === undefined) continue;
    if (!info[isKind]() || (user !== undefined && info.uid !== user)) return;
  }
  const lock = await tryLockFile(lockOf(path), { remove: 'always' });
  if (lock === undefined) return;
  try {
    await removeTree(path);
  } finally {
    await lock.release();
  }
}
