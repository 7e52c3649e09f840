import { basename, dirname, join } from 'node:path';
import { lstatIfExists, makeDirectory, removeTree, renameDurably, statIfExists } from '../../../base/durable-files.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { type FileLock, tryLockFile } from '../../../base/file-lock.ts';
import { type FileRights, grantRights, RightsKeeper, rightsBelow, rightsOf } from '../../../base/file-rights.ts';
import { WorkDirectory } from '../../../base/work-directory.ts';
import { NEO4J_3 } from '../../../generation/neo4j-3.ts';
import { readMetadataIn, storeIdOf } from '../../../store/files/neostore-metadata.ts';
import { STORE_LOCK_FILE } from '../../../store/files/store-files.ts';
import { relateStores } from '../../../store/files/store-id.ts';
import { requireSupportedStore } from '../../../store/files/supported-store.ts';
import type { TargetEvent } from '../target-events.ts';
import {
  listTargetEntries,
  locateTarget,
  readTargetState,
  refuseInsideBackup,
  SCRATCH_PARTS,
  type TargetPlaces,
  type TargetState,
  WORK_PARTS,
} from './target-places.ts';

/*
 * The life of a backup directory. `<name>` is the directory itself, after resolving links. Everything that belongs to it is a sibling, so
 * every step between them is one rename:
 *
 *   <name>                         the user's backup: absent, empty, or complete
 *   <name>.graphkeep-lock          held for the whole command; empty; gone afterwards
 *   <name>.graphkeep-work/         owned by this user, with only the parts below; anything else with this name is refused, not touched
 *     store/                       the copy being received. Worthless after a crash, as are:
 *     log/, replay/                a received log; sort runs
 *     ready/                       a complete, durable, recovered full backup that waits for publication; its name is the mark
 *   <name>.err.<N>                 an older backup that a full one replaced (fallback)
 *   <name>.graphkeep-unpublished.<N>/ready   a backup of a killed run that could not, or must not, be published
 *
 *   full:         absent --receive--> work/store --recover, fsync--> work/store --rename--> work/ready --rename--> <name>
 *   with an old:  ... ready; <name> --rename--> <name>.err.<N>; ready --rename--> <name>
 *   incremental:  work/log --fsync, rename--> <name>/neostore.transaction.db.<v+1> --apply--> --check point--> done
 *
 * A kill leaves one of: nothing, or `work` (the old state counts, and the parts are removed); `ready` with or without `<name>` (the next
 * run finishes the publication); or a log in `<name>` after the last check point (recovered by the next run or by a server).
 *
 * If `<name>` exists and cannot be renamed (a mount point, or a parent that this user may not change), the lock and the work directory are
 * inside it, and a full backup moves into it file by file: `mounted-target.ts`.
 */

const MAX_REPLACED = 1000;

type ScratchPart = 'log' | 'replay';

export class TargetDirectory {
  readonly path: string;
  private readonly places: TargetPlaces;
  private readonly lock: FileLock;
  private readonly work: WorkDirectory;
  private readonly onEvent: (event: TargetEvent) => void;
  /** The locks that a Java client or server would take on this backup: 3.4 inside the directory, 3.5 beside it. */
  private readonly storeLocks: FileLock[] = [];
  private rights: RightsKeeper | undefined;
  private isClosed = false;

  private constructor(places: TargetPlaces, lock: FileLock, work: WorkDirectory, onEvent: TargetDirectory['onEvent']) {
    this.places = places;
    this.path = places.path;
    this.lock = lock;
    this.work = work;
    this.onEvent = onEvent;
  }

  /**
   * Takes the lock of a target for the whole command, removes what a killed run has left, and finishes a publication that it had begun.
   * Detects here, before anything is asked of a server, whether a backup could be published later.
   * @param onEvent receives what was found, and what becomes of it
   * @throws GraphkeepError `directory.in-use` if another run works on the same target, `directory.foreign` if our work directory's name is
   * taken by something that is not ours, `directory.missing` for a dangling link
   */
  static async open(path: string, onEvent: (event: TargetEvent) => void = () => {}): Promise<TargetDirectory> {
    const places = await locateTarget(path);
    await refuseInsideBackup(places.path);
    await makeDirectory(dirname(places.path));
    const lock = await tryLockFile(places.lock, { remove: 'always' });
    if (lock === undefined) {
      throw new GraphkeepError('directory.in-use', 'another backup is running on this target', {
        place: { file: places.path },
      });
    }
    let target: TargetDirectory | undefined;
    try {
      const work = await WorkDirectory.open(places.work, WORK_PARTS);
      target = new TargetDirectory(places, lock, work, onEvent);
      await target.tidy();
      if ((await target.state()) === 'backup') {
        await target.lockStore();
        target.rights = await RightsKeeper.remember(places.path, NEO4J_3.files.keyFile);
      }
      return target;
    } catch (error) {
      await target?.releaseStore();
      await target?.discardWork().catch(() => undefined);
      await lock.release();
      throw error;
    }
  }

  /**
   * Removes the scratch directory and the lock. The target stays as it is, but new files in it get the rights of the old ones. A backup
   * that could not be published stays for the next run. May be called again.
   */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      await this.restoreRights();
      await this.discardWork();
    } finally {
      await this.releaseStore();
      await this.lock.release();
    }
  }

  /** The backup is made, so a file whose owner or mode could not be restored is only reported. */
  private async restoreRights(): Promise<void> {
    try {
      await this.rights?.restore();
    } catch (error) {
      this.onEvent({ kind: 'rights-not-restored', path: this.path, error });
    }
  }

  /** Excludes the Java tools, which do not know our lock. The lock beside the target is shared: other targets do not concern us. */
  private async lockStore(): Promise<void> {
    const inside = join(this.path, STORE_LOCK_FILE);
    // Always removed: a lock file left by a killed run would stay for ever, as nobody could tell whose it is.
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
    if (await this.isPublicationOpen()) {
      // A process that works in the old backup must not lose it, here as little as in an uninterrupted run.
      if ((await this.state()) === 'backup') await this.lockStore();
      await this.releaseStore();
      await this.finishPublication();
    }
    await this.clearScratch();
    await this.removeLeftoversOfJava();
    const formerly = `${this.path}.graphkeep-ready`;
    if ((await lstatIfExists(formerly)) !== undefined) {
      this.onEvent({ kind: 'former-work-directory-found', path: formerly });
    }
  }

  private async discardWork(): Promise<void> {
    if (await this.isPublicationOpen()) await this.clearScratch();
    else await this.work.discard();
  }

  private async clearScratch(): Promise<void> {
    for (const part of SCRATCH_PARTS) await this.work.remove(part);
  }

  private async isPublicationOpen(): Promise<boolean> {
    return (await this.work.has('ready')) || (await this.places.mounted?.isOpen(this.work)) === true;
  }

  /** A backup that cannot be published must not block all later ones, and one older than the present backup must not replace it. */
  private async finishPublication(): Promise<void> {
    try {
      if (await this.work.has('ready')) await this.requireWorthy(this.work.at('ready'));
      await this.publishReady();
    } catch (error) {
      const isBegun = (await this.state()) === 'absent' || (await this.places.mounted?.isOpen(this.work)) === true;
      if (!(error instanceof GraphkeepError) || isBegun) throw error;
      const aside = await this.moveAway(this.places.work, this.places.unpublished);
      this.onEvent({ kind: 'finished-backup-set-aside', backup: join(aside, 'ready'), aside, error });
    }
  }

  private async requireWorthy(ready: string): Promise<void> {
    await requireSupportedStore(ready, 'change');
    const made = readMetadataIn(ready);
    const isOpen = await this.places.mounted?.isOpen(this.work);
    if (isOpen !== true && (await this.state()) === 'foreign') throw this.foreign();
    if ((await this.state()) !== 'backup') return;
    const held = await readIfSound(this.path);
    const isOlder =
      held !== undefined &&
      relateStores(storeIdOf(held), storeIdOf(made)) === 'same' &&
      held.lastTransactionId > made.lastTransactionId;
    if (!isOlder) return;
    throw new GraphkeepError('usage', 'the backup in the target is newer', {
      observed: `transaction ${held.lastTransactionId}, the other one has ${made.lastTransactionId}`,
    });
  }

  /** The error for a target that holds something other than a backup. */
  foreign(): GraphkeepError {
    const { path } = this;
    return new GraphkeepError(
      'usage',
      `Can only perform a full backup into an empty directory but ${path} is not empty`,
      { hint: 'Choose another --name, or move the files away.' },
    );
  }

  /** A Java client that was killed while copying leaves only `temp-copy`; it would block every later run. */
  private async removeLeftoversOfJava(): Promise<void> {
    if ((await statIfExists(this.path))?.isDirectory() !== true) return;
    const names = await listTargetEntries(this.places);
    const copy = join(this.path, 'temp-copy');
    if (names.length === 1 && names[0] === 'temp-copy' && (await lstatIfExists(copy))?.isDirectory() === true) {
      await removeTree(copy);
    }
  }

  state(): Promise<TargetState> {
    return readTargetState(this.places);
  }

  /** Creates an empty directory for a full copy inside the scratch directory. */
  async beginFullCopy(): Promise<string> {
    await this.clearScratch();
    return await this.work.part('store');
  }

  /** Creates a scratch directory of the given name unless it exists. */
  async scratch(name: ScratchPart): Promise<string> {
    return await this.work.part(name);
  }

  /** Path of a scratch directory, whether it exists or not. */
  scratchPath(name: ScratchPart): string {
    return this.work.at(name);
  }

  async clearScratchPart(name: ScratchPart): Promise<void> {
    await this.work.remove(name);
  }

  /**
   * Publishes the finished copy of {@link beginFullCopy}. The new one is complete before the old backup moves aside.
   * @returns where the old backup went, or undefined if there was none
   */
  async publish(): Promise<string | undefined> {
    await grantRights(this.work.at('store'), await this.rightsOfNew());
    await renameDurably(this.work.at('store'), this.work.at('ready'));
    this.rights = undefined;
    await this.releaseStore();
    return await this.publishReady();
  }

  /** The rights of the replaced backup. An empty directory, or else the parent, at least determines the owner. */
  private async rightsOfNew(): Promise<FileRights> {
    if ((await this.state()) === 'backup') return await rightsOf(this.path, NEO4J_3.files.keyFile);
    const isThere = (await statIfExists(this.path)) !== undefined;
    return await rightsBelow(isThere ? this.path : dirname(this.path));
  }

  private async publishReady(): Promise<string | undefined> {
    const replaced = await this.putInPlace();
    this.onEvent({ kind: 'published', path: this.path, ...(replaced === undefined ? {} : { replaced }) });
    return replaced;
  }

  private async putInPlace(): Promise<string | undefined> {
    if (this.places.mounted !== undefined) {
      const old = await this.places.mounted.publish(this.work);
      return old === undefined ? undefined : await this.moveAway(old, join(this.path, '.graphkeep-err'));
    }
    const replaced = (await this.state()) === 'absent' ? undefined : await this.moveAway(this.path, `${this.path}.err`);
    await renameDurably(this.work.at('ready'), this.path);
    return replaced;
  }

  /** Renames to `<prefix>.<N>` with the first free N. */
  private async moveAway(from: string, prefix: string): Promise<string> {
    for (let n = 0; n < MAX_REPLACED; n++) {
      const aside = `${prefix}.${n}`;
      if ((await lstatIfExists(aside)) !== undefined) continue;
      await renameDurably(from, aside);
      return aside;
    }
    throw new GraphkeepError('usage', `unable to find a free name for the old backup beside ${basename(this.path)}`, {
      place: { file: dirname(this.path) },
      observed: `${MAX_REPLACED} directories ${basename(prefix)}.<N>`,
      hint: 'Remove old ones that are no longer needed.',
    });
  }
}

async function readIfSound(directory: string) {
  try {
    return readMetadataIn(directory);
  } catch (error) {
    if (error instanceof GraphkeepError) return undefined;
    throw error;
  }
}
