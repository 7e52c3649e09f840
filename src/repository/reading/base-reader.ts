import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, writeFullyAt } from '../../base/durable-files.ts';
import { describeError, type GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { workInSlots } from '../../base/slots.ts';
import { logFileName } from '../../log/log-files.ts';
import { ReceivedNames } from '../../source/received-names.ts';
import { modernHandlingOf, modernRoleOf } from '../../store/files/modern/modern-files.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { BUNDLE_FILE, type IndexLine } from '../catalogue/object-index.ts';
import { baseFolder } from '../catalogue/object-keys.ts';
import { objectError } from '../object-errors.ts';
import { readLines } from './base-index.ts';
import { readTar, type StoredObjects } from './stored-objects.ts';

/** Objects that are read at the same time. */
const SLOTS = 3;
const ZEROS = Buffer.alloc(1024 * 1024);

export interface UnpackOptions {
  readonly signal: AbortSignal;
  /** Called after each piece of a file. */
  readonly onBytes?: (bytes: number) => void;
  /** Called before the first piece of each file. */
  readonly onFile?: (name: string) => void;
}

/**
 * Writes the files of a base below an empty directory. They are not flushed, and not exact before the log was applied.
 * @throws GraphkeepError `repository.object-*`, `repository.key-*`, `peer.hostile` for a name that leads out of the directory
 */
export async function unpackBase(
  objects: StoredObjects,
  manifest: Manifest,
  directory: string,
  options: UnpackOptions,
): Promise<void> {
  const folder = baseFolder(manifest.database, manifest.timeline, manifest.id);
  const files = new UnpackedFiles(manifest, directory, options);
  try {
    const lines = readLines(objects.store, manifest, options.signal);
    await workInSlots(lines, SLOTS, (line) => unpackObject(objects, folder, line, files));
  } finally {
    await files.close();
  }
  files.requireComplete(folder);
}

async function unpackObject(
  objects: StoredObjects,
  folder: string,
  line: IndexLine,
  files: UnpackedFiles,
): Promise<void> {
  const key = `${folder}/${line.object}`;
  const plain = objects.read({ key, bytes: line.storedBytes, sha256: Buffer.from(line.sha256, 'hex') });
  if (line.file === BUNDLE_FILE) {
    for (const { name, content } of await readTar(plain, key)) await files.writeWhole(name, content);
    return;
  }
  let at = 0;
  for await (const piece of plain) {
    await files.write(line.file, line.offset + at, piece);
    at += piece.length;
  }
  if (at === line.bytes) return;
  throw objectError('repository.object-damaged', key, `it should hold ${line.bytes} bytes of a file`, { observed: at });
}

/** Of a base of 4.2 or later: it has the files of a database, its first log file and its check points. */
function describeForeignFile(name: string): string | undefined {
  const role = modernRoleOf(name);
  return modernHandlingOf(role) === 'never' ? `a file of the kind ${role}` : undefined;
}

/** The files of a base that are being written. Parts of one may come in any order. */
class UnpackedFiles {
  private readonly manifest: Manifest;
  private readonly directory: string;
  private readonly options: UnpackOptions;
  private readonly names: ReceivedNames;
  private readonly handles = new Map<string, Promise<FileHandle>>();
  private readonly sizes = new Map<string, number>();
  private bytes = 0;

  constructor(manifest: Manifest, directory: string, options: UnpackOptions) {
    this.manifest = manifest;
    this.directory = directory;
    this.options = options;
    this.names = new ReceivedNames(manifest.store.kernelVersion === undefined ? undefined : describeForeignFile);
  }

  /** Zeros become holes. */
  async write(name: string, offset: number, content: Uint8Array): Promise<void> {
    const opening = this.handles.get(name) ?? this.open(name);
    this.handles.set(name, opening);
    const handle = await opening;
    const isZero = content.length <= ZEROS.length && ZEROS.compare(content, 0, content.length, 0, content.length) === 0;
    if (!isZero)
      await atFile('write the file', join(this.directory, name), () => writeFullyAt(handle, content, offset));
    this.sizes.set(name, Math.max(this.sizes.get(name) ?? 0, offset + content.length));
    this.bytes += content.length;
    this.options.onBytes?.(content.length);
  }

  /** A small file is closed at once: there may be thousands, and a process may not have so many open. */
  async writeWhole(name: string, content: Uint8Array): Promise<void> {
    if (this.handles.has(name)) throw this.twice(name);
    await this.write(name, 0, content);
    await this.closeFile(name);
    this.handles.delete(name);
  }

  /** Gives every file its size, also one that ends with zeros. */
  async close(): Promise<void> {
    for (const name of this.handles.keys()) await this.closeFile(name);
  }

  private async closeFile(name: string): Promise<void> {
    const handle = await this.handles.get(name)!.catch(() => undefined);
    if (handle === undefined) return;
    try {
      await atFile('write the file', join(this.directory, name), () => handle.truncate(this.sizes.get(name) ?? 0));
    } finally {
      await handle.close();
    }
  }

  private twice(name: string): GraphkeepError {
    const details = { observed: name };
    return objectError('repository.object-damaged', this.manifest.id, 'a file of the base is there twice', details);
  }

  requireComplete(folder: string): void {
    const { files, bytes } = this.manifest;
    if (this.sizes.size === files && this.bytes === bytes) return;
    throw objectError('repository.object-damaged', folder, `the base should hold ${files} files of ${bytes} bytes`, {
      observed: `${this.sizes.size} files of ${this.bytes} bytes`,
    });
  }

  private requireHarmless(name: string): void {
    try {
      this.names.accept(name, {});
    } catch (error) {
      throw objectError(
        'repository.object-damaged',
        this.manifest.id,
        'a file of the base has a name that is refused',
        {
          observed: describeError(error),
        },
      );
    }
  }

  private async open(name: string): Promise<FileHandle> {
    if (this.sizes.has(name)) throw this.twice(name);
    if (name !== logNameOf(this.manifest)) this.requireHarmless(name);
    this.options.onFile?.(name);
    const path = join(this.directory, name);
    await makeDirectory(dirname(path));
    return await atFile('create the file', path, () => open(path, 'wx'));
  }
}

/** The log file of a base, with nothing but its header until the transactions are added. */
function logNameOf({ checkPoint }: Manifest): string {
  return logFileName(checkPoint.position.version);
}
