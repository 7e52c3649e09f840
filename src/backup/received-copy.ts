import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, statIfExists, syncDirectory } from '../base/durable-files.ts';
import { atFile, fileError } from '../base/file-errors.ts';
import type { CopyReceiver, FileReceiver, StoreFileStream } from '../source/backup-source.ts';
import type { CopyEvent } from './backup-events.ts';

/** A large file is flushed while it is received, in steps of this size, so that the final flush has little left to do. */
const FLUSH_STEP_BYTES = 32 * 1024 * 1024;
/** Files whose final flush may run at the same time. */
const MAX_FLUSHES = 4;

/** Writes the files of a full copy below a directory. Everything is on disk when {@link finish} has returned. */
export class ReceivedCopy implements CopyReceiver {
  files = 0;
  bytes = 0;
  private readonly folder: string;
  private readonly onEvent: (event: CopyEvent) => void;
  private readonly directories = new Set<string>(['.']);
  private readonly flushes = new Set<Promise<void>>();
  private failure: unknown;
  private readonly openFiles = new Set<ReceivedFile>();

  constructor(folder: string, onEvent: (event: CopyEvent) => void) {
    this.folder = folder;
    this.onEvent = onEvent;
  }

  async openFile(stream: StoreFileStream): Promise<FileReceiver> {
    if (this.failure !== undefined) throw this.failure;
    const path = join(this.folder, stream.name);
    this.onEvent({ kind: 'file-began', name: stream.name });
    const file = await this.create(stream.name, path);
    this.openFiles.add(file);
    return {
      bytes: (chunk) => this.take(file, chunk),
      restart: () => this.restart(file),
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

  private async create(name: string, path: string): Promise<ReceivedFile> {
    try {
      await this.makeParents(dirname(name));
      return new ReceivedFile(name, path, await open(path, 'wx'));
    } catch (error) {
      throw fileError(error, 'create the file', path);
    }
  }

  private take(file: ReceivedFile, chunk: Buffer): Promise<void> {
    this.bytes += chunk.length;
    this.onEvent({ kind: 'file-progress', name: file.name, bytes: file.size + chunk.length, ...this.copied });
    return file.write(chunk);
  }

  private async restart(file: ReceivedFile): Promise<void> {
    this.bytes -= file.size;
    this.onEvent({ kind: 'file-progress', name: file.name, bytes: 0, ...this.copied });
    await file.restart();
  }

  private async end(file: ReceivedFile): Promise<void> {
    this.files++;
    this.onEvent({ kind: 'file-ended', name: file.name, bytes: file.size, ...this.copied });
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
    this.bytes -= file.size;
    if (!this.openFiles.delete(file)) this.files--;
    this.onEvent({ kind: 'file-dropped', name: file.name, ...this.copied });
    await file.ended;
    await file.remove();
  }

  private get copied(): { copiedFiles: number; copiedBytes: number } {
    return { copiedFiles: this.files, copiedBytes: this.bytes };
  }

  private async makeParents(directory: string): Promise<void> {
    if (this.directories.has(directory)) return;
    await makeDirectory(join(this.folder, directory));
    for (let made = directory; !this.directories.has(made); made = dirname(made)) this.directories.add(made);
  }
}

class ReceivedFile {
  readonly name: string;
  size = 0;
  /** Its last flush, once it is complete. */
  ended: Promise<void> | undefined;
  private readonly path: string;
  private readonly handle: FileHandle;
  private flushedTo = 0;
  private flushing: Promise<void> | undefined;
  private failure: unknown;

  constructor(name: string, path: string, handle: FileHandle) {
    this.name = name;
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
