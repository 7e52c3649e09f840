import { closeSync, fstatSync, fsync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ByteWriter } from '../../base/byte-writer.ts';
import { removeTree, syncDirectory, syncDirectoryNow } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError } from '../../base/file-errors.ts';
import { allocateFirst, growBuffer } from '../../base/growing-buffer.ts';
import { listLogFiles, logFileName } from '../log-files.ts';
import type { LogPosition } from '../log-position.ts';
import { encodeCheckPointEntry } from './entries/check-point-entry.ts';
import { decodeLogHeader, encodeLogHeader, LOG_HEADER_BYTES } from './log-header.ts';
import { type DecodedTransaction, encodeTransaction } from './transaction-codec.ts';

const fsyncDescriptor = promisify(fsync);
const BUFFER_BYTES = 512 * 1024;

/**
 * Appends to the transaction log in a directory. Appended bytes are buffered; {@link flush} passes them to the operating system, {@link
 * force} makes them (and the name of a new file) durable. After a failed write the writer refuses everything: cut the log at the last good
 * position and open it again.
 */
export class LogWriter {
  readonly directory: string;
  private version: number;
  private descriptor: number;
  /** Bytes of the file passed to the operating system. */
  private written: number;
  private last: number | undefined;
  private nameIsDurable: boolean;
  /** Bytes of the file known to be on disk. */
  private forced = 0;
  private failed = false;
  private pending = allocateFirst(BUFFER_BYTES);
  private pendingBytes = 0;
  private readonly encoder = new ByteWriter(4096);

  private constructor(directory: string, version: number, descriptor: number, written: number, last?: number) {
    this.directory = directory;
    this.version = version;
    this.descriptor = descriptor;
    this.written = written;
    this.last = last;
    this.nameIsDurable = written > 0;
  }

  /** Creates log file `version`, which must not exist. Its header names `previousTransaction`. */
  static create(directory: string, version: number, previousTransaction: number): LogWriter {
    const descriptor = openFile(directory, version, 'wx+');
    const writer = new LogWriter(directory, version, descriptor, 0, previousTransaction);
    writer.appendRaw(encodeLogHeader({ version, previousTransaction }));
    return writer;
  }

  /**
   * Opens the log for appending at `end`, which must be the end of its newest file; bytes after it are an error, see {@link cutLog}.
   * `lastTransaction` is needed to rotate.
   */
  static open(directory: string, end: LogPosition, lastTransaction?: number): LogWriter {
    const file = join(directory, logFileName(end.version));
    const descriptor = openFile(directory, end.version, 'r+');
    const size = fstatSync(descriptor).size;
    if (size !== end.offset || size < LOG_HEADER_BYTES) {
      closeSync(descriptor);
      throw new GraphkeepError('log.corrupt', 'the log does not end where it is to be continued', {
        place: { file, offset: end.offset },
        observed: `${size} bytes`,
      });
    }
    const header = Buffer.alloc(LOG_HEADER_BYTES);
    readSync(descriptor, header, 0, LOG_HEADER_BYTES, 0);
    decodeLogHeader(header, file, end.version);
    return new LogWriter(directory, end.version, descriptor, size, lastTransaction);
  }

  /** The end of the log, including what is still buffered. */
  get position(): LogPosition {
    return { version: this.version, offset: this.written + this.pendingBytes };
  }

  get lastTransaction(): number | undefined {
    return this.last;
  }

  /** Appends bytes of whole entries as they are. `lastTransaction` is the id in the last Commit entry among them. */
  appendRaw(bytes: Uint8Array, lastTransaction?: number): void {
    this.requireUsable();
    if (this.pendingBytes + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length >= BUFFER_BYTES) {
      this.write(bytes);
    } else {
      this.pending = growBuffer(this.pending, this.pendingBytes, this.pendingBytes + bytes.length, BUFFER_BYTES);
      this.pending.set(bytes, this.pendingBytes);
      this.pendingBytes += bytes.length;
    }
    if (lastTransaction !== undefined) this.last = lastTransaction;
  }

  appendTransaction(transaction: DecodedTransaction): void {
    const { transactionId } = transaction.commit;
    if (this.last !== undefined && transactionId !== this.last + 1) {
      throw new GraphkeepError('internal', `transaction ${this.last + 1} must be appended next`, {
        observed: transactionId,
      });
    }
    this.appendRaw(encodeTransaction(transaction, this.encoder.reset()).view(), transactionId);
  }

  /** Appends a check point: everything before `target` is in the stores. Default: the current end of the log. */
  appendCheckPoint(target: LogPosition = this.position): void {
    this.encoder.reset();
    encodeCheckPointEntry(this.encoder, target);
    this.appendRaw(this.encoder.view());
  }

  /** Replaces the previous transaction in the header, for a log whose first transaction becomes known later. */
  rewriteHeader(previousTransaction: number): void {
    this.flush();
    const { version } = this;
    this.writeAt(encodeLogHeader({ version, previousTransaction }), 0);
  }

  /** Passes everything to the operating system, so that other processes see it. */
  flush(): void {
    this.requireUsable();
    if (this.pendingBytes === 0) return;
    const bytes = this.pending.subarray(0, this.pendingBytes);
    this.pendingBytes = 0;
    this.write(bytes);
  }

  /**
   * Makes everything appended before the call durable. More may be appended meanwhile; {@link rotateNow} and {@link close} must not be
   * called.
   */
  async force(): Promise<void> {
    this.flush();
    const { written } = this;
    await this.guard('force the file', () => fsyncDescriptor(this.descriptor));
    if (!this.nameIsDurable) await this.guard('force the directory', () => syncDirectory(this.directory));
    this.nameIsDurable = true;
    this.forced = written;
  }

  /** Synchronous {@link force}. */
  forceNow(): void {
    this.flush();
    this.guardNow('force the file', () => fsyncSync(this.descriptor));
    if (!this.nameIsDurable) this.guardNow('force the directory', () => syncDirectoryNow(this.directory));
    this.nameIsDurable = true;
    this.forced = this.written;
  }

  /**
   * Continues in a new file. The current one is forced before the next exists, so a reader that sees file N+1 may treat N as final (spec
   * transaction-logs 1). The new file is forced with the next {@link force}. Bytes appended meanwhile may go to either file.
   */
  async rotate(): Promise<void> {
    this.requireLast();
    await this.force();
    this.rotateNow();
  }

  /** Synchronous {@link rotate}. Quick if nothing was appended since the last {@link force}. */
  rotateNow(): void {
    const previousTransaction = this.requireLast();
    if (this.pendingBytes > 0 || this.written > this.forced || !this.nameIsDurable) this.forceNow();
    const next = this.guardNow('create the next file', () => openFile(this.directory, this.version + 1, 'wx+'));
    closeSync(this.descriptor);
    this.descriptor = next;
    this.version++;
    this.written = 0;
    this.forced = 0;
    this.nameIsDurable = false;
    this.appendRaw(encodeLogHeader({ version: this.version, previousTransaction }));
    this.flush();
  }

  private requireLast(): number {
    if (this.last !== undefined) return this.last;
    throw new GraphkeepError('internal', 'the last transaction of the log is not known');
  }

  /** Flushes (unless a write failed) and closes; does not force. */
  close(): void {
    try {
      if (!this.failed) this.flush();
    } finally {
      closeSync(this.descriptor);
      this.failed = true;
    }
  }

  private write(bytes: Uint8Array): void {
    this.writeAt(bytes, this.written);
    this.written += bytes.length;
  }

  private writeAt(bytes: Uint8Array, position: number): void {
    this.guardNow('write the file', () => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.descriptor, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  private requireUsable(): void {
    if (this.failed) throw new GraphkeepError('internal', 'the log writer is closed or failed', { place: this.place });
  }

  private guardNow<T>(action: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.failed = true;
      throw fileError(error, action, this.place.file);
    }
  }

  private async guard<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.failed = true;
      throw fileError(error, action, this.place.file);
    }
  }

  private get place(): { file: string } {
    return { file: join(this.directory, logFileName(this.version)) };
  }
}

/** Cuts the log at `end`: removes the files above it, newest first, and truncates its file. Durable once it resolves. */
export async function cutLog(directory: string, end: LogPosition): Promise<void> {
  const { files } = listLogFiles(directory);
  for (const file of files.reverse()) {
    if (file.version <= end.version) break;
    // One by one: files that reappear after a power failure must not leave a gap.
    await removeTree(file.path);
  }
  const descriptor = openFile(directory, end.version, 'r+');
  try {
    if (fstatSync(descriptor).size > end.offset) ftruncateSync(descriptor, end.offset);
    await fsyncDescriptor(descriptor);
  } catch (error) {
    throw fileError(error, 'truncate the file', join(directory, logFileName(end.version)));
  } finally {
    closeSync(descriptor);
  }
  await syncDirectory(directory);
}

function openFile(directory: string, version: number, flags: string): number {
  const file = join(directory, logFileName(version));
  try {
    return openSync(file, flags, 0o644);
  } catch (error) {
    throw fileError(error, flags.startsWith('w') ? 'create the file' : 'open the file', file);
  }
}
