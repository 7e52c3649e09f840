import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, statIfExists, syncDirectory } from '../../../base/durable-files.ts';
import { fileError } from '../../../base/file-errors.ts';
import type { CopyReceiver, FileReceiver, StoreFileStream } from '../../../source/backup-source.ts';
import { ReceivedFile } from './received-file.ts';

/** Maximum number of concurrent final flushes. */
const MAX_FLUSHES = 4;

/** Writes the files of a full copy below a directory. Everything is on disk when {@link finish} has resolved. */
export class ReceivedFiles implements CopyReceiver {
  private readonly folder: string;
  private readonly directories = new Set<string>(['.']);
  private readonly flushes = new Set<Promise<void>>();
  private failure: unknown;
  private readonly openFiles = new Set<ReceivedFile>();

  constructor(folder: string) {
    this.folder = folder;
  }

  async openFile(stream: StoreFileStream): Promise<FileReceiver> {
    if (this.failure !== undefined) throw this.failure;
    const path = join(this.folder, stream.name);
    const file = await this.create(dirname(stream.name), path);
    this.openFiles.add(file);
    return {
      bytes: (chunk) => file.write(chunk),
      clone: (from, mostBytes) => file.clone(from, mostBytes),
      restart: () => file.restart(),
      end: () => this.end(file),
      discard: () => this.discard(file),
    };
  }

  /** Waits until every file and directory is on disk. */
  async finish(): Promise<void> {
    await Promise.all(this.flushes);
    if (this.failure !== undefined) throw this.failure;
    for (const directory of this.directories) {
      // Recovery may have removed the directory of an index that it leaves to the server.
      const path = join(this.folder, directory);
      if ((await statIfExists(path)) !== undefined) await syncDirectory(path);
    }
  }

  /** Closes what is open after a failure; what was written is worthless. */
  async abandon(): Promise<void> {
    for (const file of this.openFiles) await file.abandon();
    await Promise.all(this.flushes);
  }

  private async create(directory: string, path: string): Promise<ReceivedFile> {
    try {
      await this.makeParents(directory);
      return new ReceivedFile(path, await open(path, 'wx'));
    } catch (error) {
      throw fileError(error, 'create the file', path);
    }
  }

  private async end(file: ReceivedFile): Promise<void> {
    while (this.flushes.size >= MAX_FLUSHES) await Promise.race(this.flushes);
    this.openFiles.delete(file);
    const flush = file.close().catch((error: unknown) => {
      this.failure ??= error;
    });
    file.ended = flush;
    this.flushes.add(flush);
    void flush.then(() => this.flushes.delete(flush));
  }

  private async discard(file: ReceivedFile): Promise<void> {
    this.openFiles.delete(file);
    await file.ended;
    await file.remove();
  }

  private async makeParents(directory: string): Promise<void> {
    if (this.directories.has(directory)) return;
    await makeDirectory(join(this.folder, directory));
    for (let made = directory; !this.directories.has(made); made = dirname(made)) this.directories.add(made);
  }
}
