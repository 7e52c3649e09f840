import { constants } from 'node:fs';
import { copyFile, type FileHandle, unlink } from 'node:fs/promises';
import { writeFullyAt } from '../../../base/durable-files.ts';
import { atFile, fileError } from '../../../base/file-errors.ts';

/** A large file is flushed while it is received, in steps of this size, so that the final flush has little left to do. */
const FLUSH_STEP_BYTES = 32 * 1024 * 1024;
/** Aligned zeros of this length become a hole. */
const HOLE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE_BYTES);

/** A file of a full copy while it is written; on disk when {@link close} has resolved. */
export class ReceivedFile {
  /** Its last flush, once it is complete. */
  ended: Promise<void> | undefined;
  private readonly path: string;
  private readonly handle: FileHandle;
  private size = 0;
  /** End of the last bytes that are not a hole. */
  private writtenTo = 0;
  private flushedTo = 0;
  private flushing: Promise<void> | undefined;
  private failure: unknown;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const start = this.size;
    try {
      for (const [from, to] of withoutHoles(chunk, start)) await this.writeAt(chunk.subarray(from, to), start + from);
      this.size = start + chunk.length;
    } catch (error) {
      throw fileError(error, 'write the file', this.path);
    }
    if (this.flushing === undefined && this.size - this.flushedTo >= FLUSH_STEP_BYTES) this.flushInBackground();
  }

  private async writeAt(bytes: Buffer, position: number): Promise<void> {
    await writeFullyAt(this.handle, bytes, position);
    this.writtenTo = position + bytes.length;
  }

  /**
   * Shares the blocks of another file. The way leads over the open descriptor: a copy that fails removes its target by name, and the name
   * of a descriptor cannot be removed.
   */
  async clone(from: string, mostBytes: number): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    const { mode } = await atFile('examine the file', this.path, () => this.handle.stat());
    const isCloned = await copyFile(from, `/proc/self/fd/${this.handle.fd}`, constants.COPYFILE_FICLONE_FORCE).then(
      () => true,
      // Other file systems, or one that cannot share blocks. A real fault shows when the bytes are written.
      () => false,
    );
    return await atFile('copy to the file', this.path, async () => {
      // It took the mode of the other file.
      await this.handle.chmod(mode);
      if (!isCloned) return undefined;
      const { size } = await this.handle.stat();
      this.size = Math.min(size, mostBytes);
      if (size > mostBytes) await this.handle.truncate(mostBytes);
      this.writtenTo = this.size;
      this.flushedTo = this.size;
      return this.size;
    });
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
      if (this.size > this.writtenTo) await this.handle.truncate(this.size);
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
    this.writtenTo = 0;
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

/** The parts of a chunk that are to be written at its place `start` in a file; what lies between them is zero. */
function* withoutHoles(chunk: Buffer, start: number): Generator<[from: number, to: number]> {
  let from = 0;
  for (let at = (HOLE_BYTES - (start % HOLE_BYTES)) % HOLE_BYTES; at + HOLE_BYTES <= chunk.length; at += HOLE_BYTES) {
    if (chunk.compare(ZEROS, 0, HOLE_BYTES, at, at + HOLE_BYTES) !== 0) continue;
    if (at > from) yield [from, at];
    from = at + HOLE_BYTES;
  }
  if (from < chunk.length) yield [from, chunk.length];
}
