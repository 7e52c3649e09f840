import { constants } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { lstatIfExists, statIfExists } from './durable-files.ts';
import { GraphkeepError } from './errors.ts';
import { fileError, isForbidden, isMissing } from './file-errors.ts';
import { sleep } from './timers.ts';

/*
 * Operating system locks on a whole file, the same kind that the Java server takes on `store_lock`.
 *
 * Linux: open file description locks. They conflict with the POSIX locks of a Java process and with each other, even inside one process.
 * The kernel drops them when the process dies. macOS: BSD locks, which a Java process does not see; there the lock only protects against
 * other runs of graphkeep. Windows: LockFileEx, the same call that Java makes.
 *
 * A lock file that we created is removed while the lock is still held. A process that opened it before the removal then locks a file that
 * no longer has a name. So after locking, the inode that the name refers to now is compared with the locked one; if they differ, locking
 * starts over.
 */

interface LockBinding {
  tryLock(fd: number, offset: number, length: number, options?: { shared?: boolean }): boolean;
  tryUpgradeLock(fd: number): boolean;
}

// Loaded at the first lock, so that a command that only prints its usage does not load a native module.
let binding: LockBinding | undefined;
function lockBinding(): LockBinding {
  binding ??= createRequire(import.meta.url)('fs-native-extensions') as LockBinding;
  return binding;
}

export interface LockOptions {
  /** Shared locks exclude only exclusive ones. */
  shared?: boolean;
  /** False: do not create a missing file; {@link tryLockFile} then throws `file.io` with the cause `ENOENT`. */
  create?: boolean;
  /** What happens to the file on release: `created` (default) removes it if this call created it; `always`; `never`. */
  remove?: 'created' | 'always' | 'never';
}

/** A held lock. {@link release} must run even after an error. */
export interface FileLock {
  readonly path: string;
  /** True if the lock file did not exist before. */
  readonly created: boolean;
  /** Removes the file if {@link LockOptions.remove} says so, then releases the lock. Never throws; may be called again. */
  release(): Promise<void>;
}

const MAX_ATTEMPTS = 100;

/**
 * Takes the lock without waiting. Returns undefined if another process, or another lock of this process, holds it.
 * @throws GraphkeepError `file.io` if the file cannot be opened or created; `isForbidden` and `isMissing` tell why.
 */
export async function tryLockFile(path: string, options: LockOptions = {}): Promise<FileLock | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const opened = await openLockFile(path, options);
    if (opened === undefined) continue;
    const { file, created } = opened;
    let locked = false;
    try {
      locked = lockBinding().tryLock(file.fd, 0, 0, { shared: options.shared === true });
      if (!locked) return undefined;
      if (await isSameFile(file, path)) return new HeldLock(path, created, options, file);
      locked = false;
    } catch (error) {
      locked = false;
      throw fileError(error, 'lock the file', path);
    } finally {
      if (!locked) await file.close();
    }
  }
  return undefined;
}

/** Milliseconds between two attempts to take a lock that somebody else holds. */
const RETRY_MS = 50;

/** Takes the lock, and waits for another holder for some time. Otherwise like {@link tryLockFile}. */
export async function lockFileWithin(
  patienceMs: number,
  path: string,
  options: LockOptions = {},
): Promise<FileLock | undefined> {
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    const lock = await tryLockFile(path, options);
    if (lock !== undefined || performance.now() >= endsAt) return lock;
    await sleep(RETRY_MS, new AbortController().signal);
  }
}

async function openLockFile(
  path: string,
  options: LockOptions,
): Promise<{ file: FileHandle; created: boolean } | undefined> {
  try {
    return { file: await openExisting(path, options), created: false };
  } catch (error) {
    await refuseWhatIsNoFile(path);
    if (!isMissing(error) || options.create === false) throw fileError(error, 'open the lock file', path);
  }
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    await giveToOwnerOf(dirname(path), file);
    return { file, created: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw fileError(error, 'create the lock file', path);
  }
}

/** A dangling link can be neither opened nor created; a directory or a pipe cannot serve as a lock either. */
async function refuseWhatIsNoFile(path: string): Promise<void> {
  const info = await lstatIfExists(path);
  if (info === undefined || info.isFile()) return;
  const target = info.isSymbolicLink() ? await statIfExists(path) : info;
  if (target?.isFile() === true) return;
  throw new GraphkeepError('file.io', 'the name of the lock file is taken by something that is no file', {
    place: { file: path },
    observed: target === undefined ? 'a link that leads nowhere' : 'a directory, a pipe or a device',
    hint: 'Look at what it is and who made it, then move it away and run the command again.',
  });
}

/** A lock file that root leaves after a kill must not lock out the owner of the directory. */
async function giveToOwnerOf(directory: string, file: FileHandle): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  await file.chown(uid, gid).catch(() => undefined);
}

/** A shared lock opens the file for reading only, so it also works in a read-only directory. Removing the file needs an exclusive lock. */
async function openExisting(path: string, { shared, remove }: LockOptions): Promise<FileHandle> {
  // Non-blocking: opening a pipe in the place of the file would otherwise wait for ever.
  const readOnly = constants.O_RDONLY | constants.O_NONBLOCK;
  if (shared === true && remove !== 'always') return await openFile(path, readOnly);
  try {
    return await openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    if (shared !== true || !isForbidden(error)) throw error;
    return await openFile(path, readOnly);
  }
}

async function openFile(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error('not a file');
}

async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
  try {
    const [mine, named] = await Promise.all([file.stat({ bigint: true }), stat(path, { bigint: true })]);
    return mine.ino === named.ino && mine.dev === named.dev;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

class HeldLock implements FileLock {
  readonly path: string;
  readonly created: boolean;
  private readonly options: LockOptions;
  private file: FileHandle | undefined;

  constructor(path: string, created: boolean, options: LockOptions, file: FileHandle) {
    this.path = path;
    this.created = created;
    this.options = options;
    this.file = file;
  }

  async release(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    if (file === undefined) return;
    try {
      if (this.isToBeRemoved() && this.isOnlyHolder(file) && (await isSameFile(file, this.path))) {
        await unlink(this.path);
      }
    } catch {
      // A lock file left over does no harm: it is empty and not locked.
    }
    await file.close().catch(() => undefined);
  }

  private isToBeRemoved(): boolean {
    const { remove = 'created' } = this.options;
    return remove === 'always' || (remove === 'created' && this.created);
  }

  private isOnlyHolder(file: FileHandle): boolean {
    return this.options.shared !== true || lockBinding().tryUpgradeLock(file.fd);
  }
}
