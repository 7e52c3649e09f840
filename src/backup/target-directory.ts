import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectory, removeTree, renameDurably, statIfExists, syncDirectory } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import { type FileLock, tryLockFile } from '../base/file-lock.ts';
import { METADATA_FILE, STORE_LOCK_FILE } from '../store/store-files.ts';

/*
 * The life of a backup directory. All names are siblings of the target `<name>`, so every step between them is one rename:
 *
 *   <name>                    the backup that the user has: absent, empty, or complete
 *   <name>.graphkeep-lock     held for the whole command; empty; gone afterwards
 *   <name>.graphkeep-work/    scratch: the copy being received, a received log, sort runs. Worthless after a crash
 *   <name>.graphkeep-ready/   a complete, durable, recovered full backup that waits for its place
 *   <name>.err.<N>            an older backup that a full one has replaced (fallback)
 *
 *   full:         absent --receive--> work/store --recover, fsync--> work/store --rename--> ready --rename--> <name>
 *   with an old:  ... ready; <name> --rename--> <name>.err.<N>; ready --rename--> <name>
 *   incremental:  work/log --fsync, rename--> <name>/neostore.transaction.db.<v+1> --apply--> --check point--> done
 *
 * A kill leaves one of: nothing or `work` (the old state counts; work is removed), `ready` with or without `<name>` (publication is
 * finished by the next run), or a log in `<name>` behind the last check point (recovered by the next run or by a server).
 */

const MAX_REPLACED = 1000;

export type TargetState =
  /** Nothing there, or an empty directory. */
  | 'absent'
  /** A backup: a file named `neostore` is in it. */
  | 'backup'
  /** Something else that must not be touched. */
  | 'foreign';

export class TargetDirectory {
  readonly path: string;
  readonly workPath: string;
  private readonly readyPath: string;
  private readonly lock: FileLock;
  /** Locks that a Java client or server would take on this backup: 3.4 inside the directory, 3.5 beside it. */
  private readonly storeLocks: FileLock[] = [];

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.lock = lock;
    this.workPath = `${path}.graphkeep-work`;
    this.readyPath = `${path}.graphkeep-ready`;
  }

  /**
   * Takes the lock of a target for the whole command, removes what a killed run has left and finishes a publication it had begun.
   * @throws GraphkeepError `directory.in-use` if another run works on the same target.
   */
  static async open(path: string): Promise<TargetDirectory> {
    await makeDirectory(dirname(path));
    const lock = await tryLockFile(`${path}.graphkeep-lock`, { remove: 'always' });
    if (lock === undefined) {
      throw new GraphkeepError('directory.in-use', 'another backup is running on this target', {
        place: { file: path },
      });
    }
    const target = new TargetDirectory(path, lock);
    try {
      await target.tidy();
      if ((await target.state()) === 'backup') await target.lockStore();
    } catch (error) {
      await target.releaseStore();
      await lock.release();
      throw error;
    }
    return target;
  }

  /** Removes the scratch directory and the lock. The target stays as it is. */
  async close(): Promise<void> {
    try {
      await removeTree(this.workPath);
    } finally {
      await this.releaseStore();
      await this.lock.release();
    }
  }

  /** Excludes the Java tools, which know nothing of our lock. The one beside the target is shared: other targets are not our matter. */
  private async lockStore(): Promise<void> {
    const inside = join(this.path, STORE_LOCK_FILE);
    // Always removed: one that a killed run has left would stay for ever, as nobody could tell whose it is.
    this.storeLocks.push(await this.requireLock(tryLockFile(inside, { remove: 'always' }), inside));
    const beside = join(dirname(this.path), STORE_LOCK_FILE);
    if ((await statIfExists(beside)) === undefined) return;
    this.storeLocks.push(await this.requireLock(tryLockFile(beside, { shared: true, create: false }), beside));
  }

  private async requireLock(taking: Promise<FileLock | undefined>, file: string): Promise<FileLock> {
    const lock = await taking;
    if (lock !== undefined) return lock;
    throw new GraphkeepError('directory.in-use', 'a database server or another backup works in the backup', {
      place: { file },
    });
  }

  private async releaseStore(): Promise<void> {
    for (const lock of this.storeLocks.splice(0)) await lock.release();
  }

  private async tidy(): Promise<void> {
    if ((await statIfExists(this.readyPath)) !== undefined) {
      // Whoever works in the old backup must not lose it under its hands, here as little as in a run that is not interrupted.
      if ((await this.state()) === 'backup') await this.lockStore();
      await this.releaseStore();
      await this.publishReady();
    }
    await removeTree(this.workPath);
    await this.removeLeftoversOfJava();
  }

  /** A Java client that was killed while it copied leaves `temp-copy` and nothing else; it would block every later run. */
  private async removeLeftoversOfJava(): Promise<void> {
    if ((await statIfExists(this.path))?.isDirectory() !== true) return;
    const names = await readdir(this.path);
    if (names.length === 1 && names[0] === 'temp-copy') await removeTree(join(this.path, 'temp-copy'));
  }

  async state(): Promise<TargetState> {
    const info = await statIfExists(this.path);
    if (info === undefined) return 'absent';
    if (!info.isDirectory()) return 'foreign';
    const names = await atFile('read the directory', this.path, () => readdir(this.path));
    if (names.length === 0) return 'absent';
    return (await statIfExists(join(this.path, METADATA_FILE)))?.isFile() === true ? 'backup' : 'foreign';
  }

  /** Makes an empty directory for a full copy inside the scratch directory. */
  async beginFullCopy(): Promise<string> {
    const store = join(this.workPath, 'store');
    await removeTree(this.workPath);
    await makeDirectory(store);
    return store;
  }

  /** Makes an empty scratch directory of the given name. */
  async scratch(name: string): Promise<string> {
    const folder = join(this.workPath, name);
    await makeDirectory(folder);
    return folder;
  }

  /**
   * Publishes the finished copy of {@link beginFullCopy}. An old backup moves aside first, the new one is complete before that.
   * @returns where the old backup went, or undefined if there was none
   */
  async publish(): Promise<string | undefined> {
    await renameDurably(join(this.workPath, 'store'), this.readyPath);
    await this.releaseStore();
    return await this.publishReady();
  }

  private async publishReady(): Promise<string | undefined> {
    const state = await this.state();
    const replaced = state === 'absent' ? undefined : await this.moveAside();
    await renameDurably(this.readyPath, this.path);
    return replaced;
  }

  private async moveAside(): Promise<string> {
    for (let n = 0; n < MAX_REPLACED; n++) {
      const aside = `${this.path}.err.${n}`;
      if ((await statIfExists(aside)) !== undefined) continue;
      await renameDurably(this.path, aside);
      await syncDirectory(dirname(this.path));
      return aside;
    }
    throw new GraphkeepError('usage', `unable to find a free name for the old backup beside ${basename(this.path)}`, {
      place: { file: dirname(this.path) },
      observed: `${MAX_REPLACED} directories ${basename(this.path)}.err.<N>`,
      hint: 'Remove old ones that are no longer needed.',
    });
  }
}
