import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { throwIfCancelled } from './cancellation.ts';
import { GraphkeepError } from './errors.ts';
import { atFile, fileError, isMissing, systemCodeOf } from './file-errors.ts';
import { refuseOuterLink } from './inner-links.ts';
import { openRegularFileAsync } from './regular-files.ts';

/*
 * "Durable" here means: the bytes of a file survive a power cut after an fsync of the file, and its name survives after an fsync of the
 * directory that holds it. Every function below returns only once what it promises has reached the disk.
 */

const LEAST_COPY_BYTES = 1 << 16;
const MOST_COPY_BYTES = 1 << 20;

export interface CopyOptions {
  signal?: AbortSignal;
  /** Called after every chunk with the number of bytes just copied. */
  onBytes?: (count: number) => void;
}

export interface TreeOptions extends CopyOptions {
  /** Return false to leave an entry out, with everything below it. `relative` uses `/`. */
  include?: (relative: string, isDirectory: boolean) => boolean;
  /** Called before each file is copied. */
  onFile?: (relative: string, sizeBytes: number) => void;
}

/** Flushes the content of a file. */
export async function syncFile(path: string): Promise<void> {
  await atFile('flush the file', path, async () => {
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Flushes the names in a directory. A no-op on Windows, which has no such call and orders them itself. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await atFile('flush the directory', path, async () => {
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await directory.sync();
    } catch (error) {
      if (!isUnknownFlush(error)) throw error;
    } finally {
      await directory.close();
    }
  });
}

/** Synchronous {@link syncDirectory}. */
export function syncDirectoryNow(path: string): void {
  if (process.platform === 'win32') return;
  try {
    const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    if (!isUnknownFlush(error)) throw fileError(error, 'flush the directory', path);
  }
}

/** Some network file systems cannot flush a directory; keeping order is then up to them. */
function isUnknownFlush(error: unknown): boolean {
  return ['EINVAL', 'ENOTSUP'].includes(systemCodeOf(error) ?? '');
}

/** Flushes every file and directory of a tree, each directory after its content. */
export async function syncTree(path: string, signal?: AbortSignal): Promise<void> {
  for (const entry of await listEntries(path)) {
    throwIfCancelled(signal);
    const child = join(path, entry.name);
    if (entry.isDirectory()) await syncTree(child, signal);
    else if (entry.isFile()) await syncFile(child);
  }
  await syncDirectory(path);
}

/**
 * Creates the directory and its missing parents, each name durable. Avoids Node's `recursive` option, which reports a full disk as a
 * missing path and never returns where nothing can be created (`/proc/x`).
 */
export async function makeDirectory(path: string): Promise<void> {
  if (await atFile('create the directory', path, () => createDirectory(path))) await syncDirectory(dirname(path));
}

/** Returns false if the directory already exists. */
async function createDirectory(path: string): Promise<boolean> {
  try {
    return await createOne(path);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
  }
  await makeDirectory(dirname(path));
  // Try only once: in `/proc` a name stays missing however often one looks.
  return await createOne(path);
}

async function createOne(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    throw error;
  }
}

/** Renames a file or directory and makes both the new name and the removal of the old one durable. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await atFile(`rename to ${to}`, from, () => rename(from, to));
  await syncDirectory(dirname(to));
  if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from));
}

/**
 * Puts `a` in the place of `b`, on the same file system. On Linux and macOS the two are exchanged in one step, so both names always exist.
 * Elsewhere `b` moves to `aside` first. After a kill, a caller that finds `aside` but no `b` moves it back.
 */
export async function replaceDurably(a: string, b: string, aside: string): Promise<void> {
  await atFile(`exchange with ${b}`, a, async () => {
    try {
      await loadSwap()(a, b);
    } catch (error) {
      if (!['ENOSYS', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCodeOf(error) ?? '')) throw error;
      await rename(b, aside);
      await syncDirectory(dirname(aside));
      await rename(a, b);
    }
  });
  await syncDirectory(dirname(b));
  if (dirname(a) !== dirname(b)) await syncDirectory(dirname(a));
}

// Loaded on demand: most commands never exchange anything.
function loadSwap(): (from: string, to: string) => Promise<void> {
  const binding = createRequire(import.meta.url)('fs-native-extensions') as {
    swap(from: string, to: string): Promise<void>;
  };
  return binding.swap;
}

/** Replaces or creates a file atomically: readers and crashes see either the old content or the new one. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporarySibling(path);
  await atFile('write the file', path, async () => {
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
  await syncDirectory(dirname(path));
}

/** An unused name beside `path`: `.<name>.<random>.tmp`. */
export function temporarySibling(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * Copies the content of a file and flushes it. An existing target is overwritten. Call {@link syncDirectory} afterwards to make the name
 * durable. A cancelled or failed copy leaves a partial target, which the caller removes with its directory.
 * @returns the number of bytes copied
 */
export async function copyFileDurably(from: string, to: string, options: CopyOptions = {}): Promise<number> {
  const source = await atFile('open the file', from, () => openRegularFileAsync(from));
  try {
    const target = await atFile('create the file', to, () => open(to, 'w'));
    try {
      const { size } = await atFile('read the file', from, () => source.stat());
      const buffer = Buffer.allocUnsafe(Math.min(MOST_COPY_BYTES, Math.max(LEAST_COPY_BYTES, size)));
      let copiedBytes = 0;
      for (;;) {
        throwIfCancelled(options.signal);
        const { bytesRead } = await atFile('read the file', from, () => source.read(buffer, 0, buffer.length, null));
        if (bytesRead === 0) break;
        await atFile('write the file', to, () => writeFully(target, buffer.subarray(0, bytesRead)));
        copiedBytes += bytesRead;
        options.onBytes?.(bytesRead);
      }
      await atFile('flush the file', to, () => target.sync());
      return copiedBytes;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Writes all the bytes at the file's current position, however few the system accepts per call. */
export async function writeFully(
  target: { write(bytes: Uint8Array): Promise<{ bytesWritten: number }> },
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const { bytesWritten } = await target.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

/** Writes all the bytes at a position, however few the system accepts per call. */
export async function writeFullyAt(
  target: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await target.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

/**
 * Copies everything below `from` into `to` (created if absent) and flushes it. Links within the tree are followed. A link that leads out of
 * the tree, a loop of links, or anything that is neither a file nor a directory is an error.
 */
export async function copyTree(
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  await copyTreeInto(from, to, '', [], options, total);
  return total;
}

async function copyTreeInto(
  from: string,
  to: string,
  prefix: string,
  above: readonly string[],
  options: TreeOptions,
  total: { files: number; bytes: number },
): Promise<void> {
  const real = await atFile('read the directory', from, () => realpath(from));
  if (above.includes(real))
    throw new GraphkeepError('file.io', 'a link leads back to its own parent', { place: { file: from } });
  await makeDirectory(to);
  for (const entry of await listEntries(from)) {
    throwIfCancelled(options.signal);
    const relative = prefix + entry.name;
    const source = join(from, entry.name);
    const info = await atFile('read the file', source, () => stat(source));
    if (options.include?.(relative, info.isDirectory()) === false) continue;
    if (entry.isSymbolicLink()) refuseOuterLink(above[0] ?? real, source);
    if (info.isDirectory()) {
      await copyTreeInto(source, join(to, entry.name), `${relative}/`, [...above, real], options, total);
    } else if (info.isFile()) {
      options.onFile?.(relative, info.size);
      total.bytes += await copyFileDurably(source, join(to, entry.name), options);
      total.files++;
    } else {
      throw new GraphkeepError('file.io', 'neither a file nor a directory', { place: { file: source } });
    }
  }
  await syncDirectory(to);
}

/** Removes a file or a whole tree; a missing path is fine. Links are removed, not followed. Returns once the removal is durable. */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  let info: Stats;
  try {
    info = await lstat(path);
  } catch (error) {
    if (isMissing(error)) return;
    throw fileError(error, 'remove', path);
  }
  await removeEntry(path, info.isDirectory(), signal);
  await syncDirectory(dirname(path));
}

async function removeEntry(path: string, isDirectory: boolean, signal: AbortSignal | undefined): Promise<void> {
  throwIfCancelled(signal);
  if (isDirectory) {
    for (const entry of await listEntries(path)) await removeEntry(join(path, entry.name), entry.isDirectory(), signal);
  }
  await atFile('remove', path, () => (isDirectory ? rmdir(path) : unlink(path)));
}

/** The entries of a directory, sorted by name so that the order is the same on every machine. */
async function listEntries(path: string) {
  const entries = await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }));
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Stats of the path (links followed), or undefined if nothing is there. */
export function statIfExists(path: string): Promise<Stats | undefined> {
  return lookIfExists(path, stat);
}

/** Stats of the path without following links, so a dangling link is found too. */
export function lstatIfExists(path: string): Promise<Stats | undefined> {
  return lookIfExists(path, lstat);
}

async function lookIfExists(path: string, look: (path: string) => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look(path);
  } catch (error) {
    if (isMissing(error) || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw fileError(error, 'read', path);
  }
}
