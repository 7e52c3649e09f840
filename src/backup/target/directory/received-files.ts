import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, statIfExists, syncDirectory } from '../../../base/durable-files.ts';
import { atFile, fileError } from '../../../base/file-errors.ts';
import type { CopyReceiver, FileReceiver, StoreFileStream } from '../../../source/backup-source.ts';

/** A large file is flushed while it is received, in steps of this size, so that the final flush has little left to do. */
const FLUSH_STEP_BYTES = 32 * 1024 * 1024;
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

class ReceivedFile {
  /** Its last flush, once it is complete. */
  ended: Promise<void> | undefined;
  private readonly path: string;
  private readonly handle: FileHandle;
  private size = 0;
  private flushedTo = 0;
  private flushing: Promise<void> | undefined;
  private failure: unknown;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      for (let rest = chunk; rest.length > 0; ) {
        const { bytesWritten } = await this.handle.write(rest, 0, rest.length, this.size);
        this.size += bytesWritten;
        rest = rest.subarray(bytesWritten);
      }
    } catch (error) {
      throw fileError(error, 'write the file', this.path);
    }
    if (this.flushing === undefined && this.size - this.flushedTo >= FLUSH_STEP_BYTES) this.flushInBackground();
  }

  private flushInBackground(): void {
    this.flushedTo = this.size;
    this.flushing = this.handle
      .datasync()
      .catch((error: unknown) => {
        this.failure ??= fileError(error, 'flush the file', this.path);
      })
      .then(() => {
        this.flushing = undefined;
      });
  }

  async close(): Promise<void> {
    try {
      await this.flushing;
      if (this.failure !== undefined) throw this.failure;
      await this.handle.sync();
    } catch (error) {
      throw fileError(error, 'flush the file', this.path);
    } finally {
      await this.handle.close();
    }
  }

  /** Truncates the file. */
  async restart(): Promise<void> {
    await this.flushing;
    if (this.failure !== undefined) throw this.failure;
    this.size = 0;
    this.flushedTo = 0;
    await atFile('empty the file', this.path, () => this.handle.truncate(0));
  }

  async remove(): Promise<void> {
    await this.abandon();
    await atFile('remove the file', this.path, () => unlink(this.path));
  }

  async abandon(): Promise<void> {
    await this.flushing;
    await this.handle.close();
  }
}
