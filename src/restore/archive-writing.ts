import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { cancelledError, throwIfCancelled } from '../base/cancellation.ts';
import { lstatIfExists, writeFully } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, fileError } from '../base/file-errors.ts';
import { refuseOuterLink } from '../base/inner-links.ts';
import { encodeZstd } from '../base/zstd/encoding.ts';
import type { DatabaseFiles } from '../generation/generation.ts';
import type { ArchiveCompression } from './archive-content.ts';
import { belongsToDatabase, isRubbish } from './archive-entries.ts';
import { encodeDumpHeader } from './dump-header.ts';
import { type ArchiveProgress, CopyCount } from './restore-events.ts';

/*
 * Writes the archive of a database (spec backup-command 7.3): gzip or zstd of a POSIX tar. Every name begins with `./`; directories have an
 * entry and end with `/`, the first one is `./` itself. The lock file is left out. Logs from a separate directory are put at the root.
 */

const CHUNK_BYTES = 1 << 18;

export interface ArchiveContent {
  databaseDirectory: string;
  files: DatabaseFiles<string>;
  /** Logs from a separate directory. */
  transactionLogs: readonly { name: string; path: string }[];
  compression: ArchiveCompression;
  /** What stands before the compressed archive. Default: nothing. */
  mark?: string;
  /** Called for each name that does not belong to a database and is therefore left out. */
  onLeftOut?: ((name: string) => void) | undefined;
}

interface ArchivedEntry {
  /** With `/`, without `./`. */
  name: string;
  path: string;
  isDirectory: boolean;
  sizeBytes: number;
  changed: Date;
}

/** Writes the archive into an open, empty file and flushes it. The caller holds the lock of the database. */
export async function writeArchive(
  file: FileHandle,
  path: string,
  content: ArchiveContent,
  progress: ArchiveProgress,
): Promise<void> {
  const { signal } = progress;
  const entries = await listEntries(content);
  const tar = pack();
  // If either side, files or archive, fails, it ends the other. The first error is the cause.
  let cause: unknown;
  const write = async (chunk: Uint8Array) => {
    try {
      await writeFully(file, chunk);
    } catch (error) {
      cause ??= error;
      throw error;
    }
  };
  if (content.mark !== undefined) await write(Buffer.from(content.mark, 'latin1'));
  const written = pipeline(
    tar as unknown as Readable,
    content.compression === 'gzip' ? createGzip() : (chunks) => encodeZstd(withDumpHeader(chunks, entries)),
    async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) await write(chunk);
    },
    { signal },
  );
  const added = addAll(tar, entries, progress).catch((error: unknown) => {
    cause ??= error;
    tar.destroy(error as Error);
  });
  try {
    await written;
  } catch (error) {
    await added;
    if (signal.aborted) throw cancelledError(signal);
    throw fileError(cause ?? error, 'write the file', path);
  }
  await atFile('flush the file', path, () => file.sync());
}

async function* withDumpHeader(
  tar: AsyncIterable<Uint8Array>,
  entries: readonly ArchivedEntry[],
): AsyncGenerator<Uint8Array> {
  yield encodeDumpHeader(totalOf(entries));
  yield* tar;
}

function totalOf(entries: readonly ArchivedEntry[]): { files: number; bytes: number } {
  const files = entries.filter(({ isDirectory }) => !isDirectory);
  return { files: files.length, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

async function listEntries({
  databaseDirectory,
  files,
  transactionLogs,
  onLeftOut,
}: ArchiveContent): Promise<ArchivedEntry[]> {
  const entries: ArchivedEntry[] = [];
  for await (const entry of listTree(databaseDirectory, databaseDirectory, '', files, onLeftOut)) entries.push(entry);
  for (const { name, path } of transactionLogs) {
    await refuseLinkOut(dirname(path), path);
    entries.push(await look(name, path));
  }
  return entries;
}

async function* listTree(
  root: string,
  directory: string,
  prefix: string,
  files: DatabaseFiles<string>,
  onLeftOut: ((name: string) => void) | undefined,
): AsyncGenerator<ArchivedEntry> {
  const names = (await atFile('read the directory', directory, () => readdir(directory))).sort();
  for (const name of names) {
    const entry = await look(prefix + name, join(directory, name));
    if (entry.name === files.lockFile) continue;
    if (isRubbish(entry.name) || !belongsToDatabase(files, entry.name, entry.isDirectory)) {
      onLeftOut?.(entry.name);
      continue;
    }
    await refuseLinkOut(root, entry.path);
    yield entry;
    if (entry.isDirectory) yield* listTree(root, entry.path, `${entry.name}/`, files, onLeftOut);
  }
}

async function refuseLinkOut(root: string, path: string): Promise<void> {
  if ((await lstatIfExists(path))?.isSymbolicLink() === true) refuseOuterLink(root, path);
}

async function look(name: string, path: string): Promise<ArchivedEntry> {
  const info = await atFile('read the file', path, () => stat(path));
  if (!info.isDirectory() && !info.isFile()) {
    throw new GraphkeepError('file.io', 'neither a file nor a directory', { place: { file: path } });
  }
  return { name, path, isDirectory: info.isDirectory(), sizeBytes: info.size, changed: info.mtime };
}

/** What goes along with the writing of each entry. */
interface Course {
  signal: AbortSignal;
  count: CopyCount;
}

async function addAll(tar: Pack, entries: readonly ArchivedEntry[], progress: ArchiveProgress): Promise<void> {
  const count = new CopyCount(progress.onEvent);
  count.begin(totalOf(entries));
  const course = { signal: progress.signal, count };
  await openEntry(tar, { name: './', type: 'directory', mode: 0o755 }).packed;
  for (const entry of entries) {
    throwIfCancelled(progress.signal);
    if (entry.isDirectory) await openEntry(tar, { name: `./${entry.name}/`, type: 'directory', mode: 0o755 }).packed;
    else await addFile(tar, entry, course);
  }
  tar.finalize();
}

async function addFile(tar: Pack, { name, path, sizeBytes, changed }: ArchivedEntry, course: Course) {
  const file = await atFile('open the file', path, () => open(path, 'r'));
  try {
    course.count.file(name, sizeBytes);
    const entry = openEntry(tar, { name: `./${name}`, size: sizeBytes, mtime: changed, mode: 0o644 });
    await feed(entry, { file, path, sizeBytes }, course);
    entry.body.end();
    await entry.packed;
  } finally {
    await file.close();
  }
}

interface OpenEntry {
  body: Writable;
  /** Rejects when the entry or the archive fails, possibly before anybody waits for it. */
  packed: Promise<void>;
}

/**
 * Begins an entry.
 *
 * @throws if the archive has failed
 */
function openEntry(tar: Pack, header: Parameters<Pack['entry']>[0]): OpenEntry {
  let settle: (error?: Error | null) => void;
  const packed = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  packed.catch(() => undefined);
  const body = tar.entry(header, (error) => settle(error)) as unknown as Writable;
  body.on('error', (error) => settle(error));
  return { body, packed };
}

/**
 * Writes `sizeBytes` bytes of the file into its entry. Later growth of the file is left out; a file that became shorter makes the archive
 * fail.
 */
async function feed(
  { body, packed }: OpenEntry,
  { file, path, sizeBytes }: { file: FileHandle; path: string; sizeBytes: number },
  { signal, count }: Course,
): Promise<void> {
  for (let left = sizeBytes; left > 0; ) {
    throwIfCancelled(signal);
    const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
    const { bytesRead } = await atFile('read the file', path, () => file.read(chunk));
    if (bytesRead === 0) {
      throw new GraphkeepError('file.io', 'the file became shorter while it was read', { place: { file: path } });
    }
    left -= bytesRead;
    count.count(bytesRead);
    if (body.write(chunk.subarray(0, bytesRead))) continue;
    let drained!: () => void;
    const isDrained = new Promise<void>((resolve) => {
      drained = resolve;
    });
    body.once('drain', drained);
    try {
      await Promise.race([isDrained, packed]);
    } finally {
      body.off('drain', drained);
    }
  }
}
