import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeTree, statIfExists, syncDirectory } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, systemCodeOf } from '../base/file-errors.ts';
import { type FileLock, tryLockFile } from '../base/file-lock.ts';
import { type FileRights, grantRights } from '../base/file-rights.ts';

/*
 * An archive being written:
 *
 *   <to>                                  appears when it is complete and durable; an existing file is never replaced
 *   .<to>.<12 hex digits>.graphkeep-part  beside it, locked by the dump that writes it
 *
 * A part that nobody locks was left by a killed dump; the next dump into the same directory removes it.
 */

const PART_SUFFIX = '.graphkeep-part';
const PART_NAME = /^\..+\.[0-9a-f]{12}\.graphkeep-part$/;

/** Errors of file systems without locks. */
const NO_LOCKS = ['ENOLCK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'];

export class PartialArchive {
  readonly path: string;
  /** Open for writing, empty. */
  readonly file: FileHandle;
  private readonly archive: string;
  private readonly lock: FileLock | undefined;

  private constructor(archive: string, path: string, file: FileHandle, lock: FileLock | undefined) {
    this.archive = archive;
    this.path = path;
    this.file = file;
    this.lock = lock;
  }

  /** Creates the part, and removes what killed dumps have left. {@link close} must follow. */
  static async create(archive: string): Promise<PartialArchive> {
    await removeLeftovers(archive);
    const path = join(dirname(archive), `.${basename(archive)}.${randomBytes(6).toString('hex')}${PART_SUFFIX}`);
    const lock = await lockPart(path, true);
    try {
      const file = await atFile('create the file', path, () => open(path, 'r+'));
      // Nobody else may read it before it has the rights of the database.
      await atFile('change the mode', path, () => file.chmod(0o600));
      return new PartialArchive(archive, path, file, lock);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }

  /**
   * Gives the archive its rights and its name. A link, unlike a rename, fails if the name has been taken meanwhile; but not every file
   * system supports links.
   */
  async publish(rights: FileRights): Promise<void> {
    const { archive, path } = this;
    await grantRights(path, rights);
    await atFile('create the file', archive, async () => {
      try {
        await link(path, archive);
      } catch (error) {
        const code = systemCodeOf(error);
        if (code === 'EEXIST') throw archiveExists(archive);
        if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
        await rename(path, archive);
      }
    });
    await syncDirectory(dirname(archive));
  }

  /** Removes the part: it has become the archive, or is worthless. */
  async close(): Promise<void> {
    await this.file.close().catch(() => undefined);
    if (this.lock === undefined) await removeTree(this.path);
    else await this.lock.release();
  }
}

function archiveExists(archive: string): GraphkeepError {
  return new GraphkeepError('archive.exists', `archive already exists: ${archive}`);
}

/** Undefined where there are no locks; the file exists all the same. */
async function lockPart(path: string, create: boolean): Promise<FileLock | undefined> {
  try {
    return await tryLockFile(path, { create, remove: 'always' });
  } catch (error) {
    if (NO_LOCKS.includes(systemCodeOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function removeLeftovers(archive: string): Promise<void> {
  const directory = dirname(archive);
  // Earlier versions called the part `.<to>.<12 hex digits>.tmp`.
  const earlier = (name: string) =>
    name.startsWith(`.${basename(archive)}.`) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(-16));
  const names = await atFile('read the directory', directory, () => readdir(directory));
  for (const name of names) {
    if (!PART_NAME.test(name) && !earlier(name)) continue;
    // Another user's file, or gone meanwhile: not ours to remove.
    const leftover = await lockPart(join(directory, name), false).catch(() => undefined);
    await leftover?.release();
  }
}

/** What a user has named: a file, or a directory, which then gets `<database>.dump`. */
export async function archivePath(to: string, databaseName: string): Promise<string> {
  return (await statIfExists(to))?.isDirectory() === true ? join(to, `${databaseName}.dump`) : to;
}

/**
 * Tests what can be known before anything is packed.
 * @throws GraphkeepError `archive.exists`, `file.io` if its directory is missing
 */
export async function requirePlaceForArchive(archive: string): Promise<void> {
  if ((await statIfExists(archive)) !== undefined) throw archiveExists(archive);
  await atFile('open the directory', dirname(archive), () => stat(dirname(archive)));
}
