import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile, fileError, isMissing } from '../../base/file-errors.ts';
import { refuseOuterLink } from '../../base/inner-links.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import { alignmentOf } from '../../store/files/file-alignment.ts';
import { classifyDatabaseFile, type DatabaseFileRole, handlingOf } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import type { CopyRequest, ServedFile } from './served-database.ts';

/** A file as found when the copy began. */
export interface FoundFile extends ServedFile {
  readonly path: string;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** Roles in the order in which a server sends them (spec common-protocol 9). */
const order: readonly DatabaseFileRole[] = [
  'explicit-index-config',
  'transaction-log',
  'record-store',
  'counts',
  'label-scan',
  'schema-index',
  'explicit-index',
  'profile',
  'metadata',
];

/** Maximum nesting of directories; real stores have five levels. Also ends a loop of links. */
const MAX_DEPTH = 32;

/** Size of one read from a file. */
const READ_BYTES = 512 * 1024;

/**
 * The files for a full copy of a store that does not change meanwhile: exactly what a server sends (spec common-protocol 9). `neostore` is
 * the last one. Links within the directory are followed; one that leads out of it is refused.
 */
export function listServedFiles(directory: string, format: StoreFormat, { logs }: CopyRequest): FoundFile[] {
  const found: FoundFile[] = [];
  for (const { name, path, info } of walkFiles(directory, directory, '', 0)) {
    const role = classifyDatabaseFile(name);
    if (!isServed(role, name, logs)) continue;
    const alignment = alignmentOf(name, path, format);
    const file = { name, path, alignment, sizeBytes: info.size, inode: info.ino, modifiedMs: info.mtimeMs };
    found.push(file);
  }
  return inOrder(found);
}

/** Files in the order in which a server sends them: `neostore` is the last one. */
export function inOrder(files: readonly FoundFile[]): FoundFile[] {
  const rank = ({ name }: FoundFile) => order.indexOf(classifyDatabaseFile(name));
  return files.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function isServed(role: DatabaseFileRole, name: string, logs: boolean): boolean {
  if (role === 'transaction-log') return logs;
  const handling = handlingOf(role);
  // The lock of a Lucene index is not part of it, and no store has a file whose name begins with a dot.
  return (handling === 'copied' || handling === 'derived') && !/(^|\/)(write\.lock$|\.)/.test(name);
}

function* walkFiles(
  root: string,
  directory: string,
  prefix: string,
  depth: number,
): Generator<{ name: string; path: string; info: Stats }, void> {
  if (depth > MAX_DEPTH) {
    throw new GraphkeepError('file.io', 'the directories are too deep, or a link leads back', {
      place: { file: directory },
    });
  }
  for (const entry of readEntries(directory)) {
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (isDevice(entry) && isServed(classifyDatabaseFile(name), name, true)) throw noFile(path);
    const isWanted = prefix !== '' || entry.isFile() || handlingOf(classifyDatabaseFile(`${name}/`)) !== 'never';
    const info = isWanted || entry.isSymbolicLink() ? statEntry(path) : undefined;
    if (entry.isSymbolicLink() && info !== undefined) refuseOuterLink(root, path);
    if (info?.isFile()) yield { name, path, info };
    else if (isWanted && info?.isDirectory()) yield* walkFiles(root, path, `${name}/`, depth + 1);
  }
}

function statEntry(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, 'read', path);
  }
}

/** A pipe, socket or device: opening it may block for ever. */
function isDevice(entry: Dirent): boolean {
  return !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink();
}

function noFile(path: string): GraphkeepError {
  return new GraphkeepError('file.io', 'this is no file, and cannot be served', {
    place: { file: path },
    hint: 'Remove it, or put the file of the database in its place, then start again.',
  });
}

function readEntries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    throw fileError(error, 'read the directory', directory);
  }
}

/**
 * The only file with this name, whatever directory it is in (spec catchup-protocol 11). Directories in the name are ignored.
 * @throws GraphkeepError `serve.no-file`
 */
export function findServedFile(files: readonly FoundFile[], name: string): FoundFile {
  const wanted = lastPart(name);
  const found = files.filter((file) => lastPart(file.name) === wanted);
  if (found.length === 1) return found[0]!;
  const message =
    found.length === 0 ? 'the store has no file of this name' : 'the store has several files of this name';
  throw new GraphkeepError('serve.no-file', message, { observed: wanted });
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Reads a file of {@link listServedFiles} up to the size that it had when it was found, whatever is written to it meanwhile. */
export async function* readMovingFile(file: FoundFile, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const handle = await openFound(file);
  try {
    yield* readPieces(file, handle, signal);
  } finally {
    await handle.close();
  }
}

/** Reads a file of {@link listServedFiles}: exactly its bytes, or throws `serve.changed`. */
export async function* readServedFile(file: FoundFile, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const handle = await openUnchanged(file);
  try {
    yield* readPieces(file, handle, signal);
    await requireUnchanged(file, handle);
  } finally {
    await handle.close();
  }
}

/** Throws if we cannot open the file. */
export async function requireReadable(file: FoundFile): Promise<void> {
  await (await openFound(file)).close();
}

async function* readPieces(file: FoundFile, handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, file.sizeBytes));
  for (let at = 0; at < file.sizeBytes; ) {
    throwIfCancelled(signal);
    const wanted = Math.min(buffer.length, file.sizeBytes - at);
    const { bytesRead } = await atFile('read the file', file.path, () => handle.read(buffer, 0, wanted, at));
    if (bytesRead === 0) throw changedFile(file);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openFound(file: FoundFile): Promise<FileHandle> {
  try {
    return await openRegularFileAsync(file.path);
  } catch (error) {
    throw isMissing(error) ? changedFile(file) : fileError(error, 'open the file', file.path);
  }
}

async function openUnchanged(file: FoundFile): Promise<FileHandle> {
  const handle = await openFound(file);
  try {
    await requireUnchanged(file, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A log may grow while it is copied for inspection; all other files must stay unchanged. */
async function requireUnchanged(file: FoundFile, handle: FileHandle): Promise<void> {
  const { ino, size, mtimeMs } = await atFile('read the file', file.path, () => handle.stat());
  const isLog = classifyDatabaseFile(file.name) === 'transaction-log';
  if (ino === file.inode && (isLog || (size === file.sizeBytes && mtimeMs === file.modifiedMs))) return;
  throw changedFile(file);
}

function changedFile(file: FoundFile): GraphkeepError {
  return new GraphkeepError('serve.changed', `the file ${file.name} changed while it was served`, {
    place: { file: file.path },
  });
}
