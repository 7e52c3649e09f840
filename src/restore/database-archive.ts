import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { cancelledError, throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, syncFile, syncTree } from '../base/durable-files.ts';
import { describeError, GraphkeepError } from '../base/errors.ts';
import { atFile, fileError, systemCodeOf } from '../base/file-errors.ts';
import { METADATA_FILE, STORE_LOCK_FILE } from '../store/store-files.ts';

/*
 * The archive of `dump` and `load` (spec backup-command 7.3): gzip of a POSIX tar. Every name begins with `./`; directories have an
 * entry and end with `/`, the first one is `./` itself. The lock file is left out, logs with a directory of their own are at the root.
 */

const CHUNK_BYTES = 1 << 18;

export interface ArchiveOptions {
  signal: AbortSignal;
  onFile?: ((relative: string, sizeBytes: number) => void) | undefined;
  onBytes?: ((count: number) => void) | undefined;
}

/** The streams of tar-stream work in a pipeline of Node, only their types are others. */
const readable = (stream: object): Readable => stream as Readable;
const writable = (stream: object): Writable => stream as Writable;

interface ArchivedFile {
  /** With `/`, without `./`. */
  name: string;
  path: string;
  isDirectory: boolean;
}

/** Writes the archive of a database into a new file and flushes it. The caller holds the lock of the database. */
export async function writeArchive(
  archive: string,
  databaseDirectory: string,
  transactionLogs: readonly { name: string; path: string }[],
  options: ArchiveOptions,
): Promise<void> {
  const tar = pack();
  try {
    const file = createWriteStream(archive, { flags: 'wx' });
    const written = pipeline(readable(tar), createGzip(), file, { signal: options.signal });
    const added = addAll(tar, databaseDirectory, transactionLogs, options).catch((error) => failStream(tar, error));
    // Whichever side fails first says why; the other one only learns that its stream has gone.
    await Promise.all([added, written]);
  } catch (error) {
    if (options.signal.aborted) throw cancelledError(options.signal);
    throw fileError(error, 'write the file', archive);
  }
  await syncFile(archive);
}

function failStream(tar: Pack, error: unknown): never {
  const reason = error instanceof Error ? error : new Error(String(error));
  tar.destroy(reason);
  throw reason;
}

async function addAll(
  tar: Pack,
  databaseDirectory: string,
  transactionLogs: readonly { name: string; path: string }[],
  options: ArchiveOptions,
): Promise<void> {
  await addDirectory(tar, '.');
  for await (const entry of listTree(databaseDirectory, '')) {
    if (entry.isDirectory) await addDirectory(tar, `./${entry.name}`);
    else if (entry.name !== STORE_LOCK_FILE) await addFile(tar, entry, options);
  }
  for (const { name, path } of transactionLogs) await addFile(tar, { name, path, isDirectory: false }, options);
  tar.finalize();
}

async function* listTree(directory: string, prefix: string): AsyncGenerator<ArchivedFile> {
  const names = (await atFile('read the directory', directory, () => readdir(directory))).sort();
  for (const name of names) {
    const path = join(directory, name);
    const info = await atFile('read the file', path, () => stat(path));
    if (info.isDirectory()) {
      yield { name: prefix + name, path, isDirectory: true };
      yield* listTree(path, `${prefix}${name}/`);
    } else if (info.isFile()) {
      yield { name: prefix + name, path, isDirectory: false };
    } else {
      throw new GraphkeepError('file.io', 'neither a file nor a directory', { place: { file: path } });
    }
  }
}

function addDirectory(tar: Pack, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755 }, (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(tar: Pack, { name, path }: ArchivedFile, options: ArchiveOptions): Promise<void> {
  throwIfCancelled(options.signal);
  const file = await atFile('open the file', path, () => open(path, 'r'));
  try {
    const { size, mtime } = await file.stat();
    options.onFile?.(name, size);
    let entry: Writable | undefined;
    const packed = new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(fileError(error, 'archive the file', path)) : resolve());
      entry = writable(tar.entry({ name: `./${name}`, size, mtime, mode: 0o644 }, settle));
      entry.on('error', settle);
    });
    await Promise.all([packed, feed(file, size, entry!, packed, options)]);
  } finally {
    await file.close();
  }
}

/**
 * Writes `size` bytes of the file into its entry. Should the file have become shorter all the same, the entry fails and with it the
 * archive; what it has grown by is left out. `packed` fails when the archive does.
 */
async function feed(file: FileHandle, size: number, entry: Writable, packed: Promise<void>, options: ArchiveOptions) {
  for (let left = size; left > 0; ) {
    throwIfCancelled(options.signal);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES)));
    if (bytesRead === 0) break;
    left -= bytesRead;
    options.onBytes?.(bytesRead);
    const drained = new Promise((resolve) => entry.once('drain', resolve));
    if (!entry.write(buffer.subarray(0, bytesRead))) await Promise.race([drained, packed]);
  }
  entry.end();
}

/**
 * Unpacks an archive into an empty directory and flushes every file. Nothing leaves the directory, whatever the archive names.
 * @throws GraphkeepError `archive.invalid` if it is not an archive of a database, damaged or incomplete
 */
export async function readArchive(archive: string, directory: string, options: ArchiveOptions): Promise<void> {
  const tar = extract();
  let hasKeyFile = false;
  tar.on('entry', (header, content, next) => {
    unpackEntry(directory, header, readable(content), options).then(
      (name) => {
        hasKeyFile ||= name === METADATA_FILE;
        next();
      },
      (error) => next(error),
    );
  });
  try {
    await pipeline(createReadStream(archive), createGunzip(), writable(tar), { signal: options.signal });
  } catch (error) {
    if (options.signal.aborted) throw cancelledError(options.signal);
    throw explainUnreadable(error, archive);
  }
  if (!hasKeyFile) throw invalid(archive, `it has no entry ./${METADATA_FILE}`);
  await syncTree(directory, options.signal);
}

/** @returns the name of the file it wrote, if any */
async function unpackEntry(
  directory: string,
  header: Header,
  content: Readable,
  options: ArchiveOptions,
): Promise<string | undefined> {
  const name = safeName(header);
  if (header.type === 'directory') {
    content.resume();
    await makeDirectory(join(directory, name));
    return undefined;
  }
  if (name === STORE_LOCK_FILE) {
    content.resume();
    return undefined;
  }
  const path = join(directory, name);
  await makeDirectory(dirname(path));
  options.onFile?.(name, header.size);
  content.on('data', (chunk: Buffer) => options.onBytes?.(chunk.length));
  await pipeline(content, createWriteStream(path, { flags: 'wx' }));
  return name;
}

/** The name below the directory, or an error for whatever could leave it. */
function safeName({ name, type }: Header): string {
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') {
    throw new GraphkeepError('archive.invalid', 'an entry is neither a file nor a directory', {
      observed: `${type} ${name}`,
    });
  }
  const parts = name.split('/').filter((part, at) => !(part === '.' || (part === '' && at > 0)));
  if (parts.some((part) => part === '' || part === '..' || /[\\\0]/.test(part))) {
    throw new GraphkeepError('archive.invalid', 'the name of an entry leads out of the database', { observed: name });
  }
  if (parts.length === 0 && type !== 'directory') {
    throw new GraphkeepError('archive.invalid', 'an entry has no name', { observed: name });
  }
  return parts.join('/');
}

function explainUnreadable(error: unknown, archive: string): GraphkeepError {
  if (error instanceof GraphkeepError && error.code === 'archive.invalid')
    return invalid(archive, describeError(error));
  const code = systemCodeOf(error) ?? '';
  // Of the system only what concerns writing is not the fault of the archive; zlib and tar name theirs otherwise.
  const isFault =
    error instanceof GraphkeepError || ('syscall' in (error as object) && code !== 'EISDIR' && code !== 'EEXIST');
  if (isFault) return fileError(error, 'unpack the archive', archive);
  return invalid(archive, error instanceof Error ? error.message : String(error));
}

function invalid(archive: string, reason: string): GraphkeepError {
  return new GraphkeepError('archive.invalid', `Not a valid Neo4j archive: ${archive}`, { observed: reason });
}
