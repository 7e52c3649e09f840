import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import { LogFileSet, type LogSource } from '../log-source.ts';
import { skipCommand } from './commands/command-table.ts';
import { CHECK_POINT_ENTRY_BYTES, decodeCheckPointEntry } from './entries/check-point-entry.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';
import { CHECK_POINT_ENTRY, COMMAND_ENTRY, COMMIT_ENTRY, START_ENTRY } from './entries/entry-types.ts';
import { skipStartEntry } from './entries/start-entry.ts';
import { corruptLog, INCOMPLETE, relocateError } from './fields/log-integer.ts';
import { MAX_TRANSACTION_BYTES } from './fields/log-limits.ts';
import { BASE_TRANSACTION, LOG_HEADER_BYTES, readLogHeader } from './log-header.ts';
import { type LogItem, LogTransaction } from './log-transaction.ts';
import { endsInLostBytes } from './lost-bytes.ts';
import { readEntryForm } from './transaction-walker.ts';

export interface LogReaderOptions {
  /** Where to begin; must be the end of an entry. Default: the start of the lowest file. */
  from?: LogPosition;
  /** Read no file above this version. */
  through?: number;
  /** Id of the transaction before `from`, if known: the first transaction read must follow it. */
  lastTransaction?: number;
  windowBytes?: number;
  /** Size limit for one transaction, which must fit in memory. */
  maxTransactionBytes?: number;
}

const WINDOW_BYTES = 1 << 20;

/**
 * Reads transactions and check points from the log files, in order and across files, with a reused window (spec transaction-logs 5). {@link
 * next} returns undefined at the end of the log *for now*: the next call finds what was appended since, so one reader can follow a live
 * log.
 *
 * Checks: header, versions, grammar, lengths, ids that increase by one, the previous transaction in each header. An incomplete item at the
 * end of the newest file, or zeros in its place, is not an error but the end ({@link position}, {@link tornBytes}); in an older file it is
 * `log.corrupt`.
 */
export class LogReader implements Iterable<LogItem> {
  private readonly source: LogSource;
  private readonly owned: LogFileSet | undefined;
  private readonly windowBytes: number;
  private readonly maxTransactionBytes: number;
  private readonly through: number;
  private version: number;
  private headerRead = false;
  /** Offset in the file of the window's first byte. */
  private windowOffset: number;
  private buffer: Buffer = Buffer.alloc(0);
  /** The window is memory of the source, from some offset to the end of the file; do not write to it. */
  private isBorrowed = false;
  /** Valid bytes of the window. */
  private length = 0;
  /** Index of the current item, and of the next entry. */
  private item = 0;
  private entry = 0;
  private inTransaction = false;
  private last: number | undefined;
  /** No transaction in the log has this id or a lower one. */
  private below = BASE_TRANSACTION;
  /** The transaction handed out last; the next step invalidates its bytes. */
  private current: LogTransaction | undefined;

  /** Reads a directory, or given files, which the caller closes. */
  constructor(source: LogSource | string, options: LogReaderOptions = {}) {
    this.owned = typeof source === 'string' ? new LogFileSet(source) : undefined;
    this.source = typeof source === 'string' ? this.owned! : source;
    this.windowBytes = options.windowBytes ?? WINDOW_BYTES;
    this.maxTransactionBytes = options.maxTransactionBytes ?? MAX_TRANSACTION_BYTES;
    this.through = options.through ?? Number.MAX_SAFE_INTEGER;
    this.version = options.from?.version ?? this.source.lowest ?? 0;
    this.windowOffset = options.from?.offset ?? LOG_HEADER_BYTES;
    this.last = options.lastTransaction;
  }

  /** End of the last complete transaction or check point: the last good position of the log. */
  get position(): LogPosition {
    return { version: this.version, offset: this.windowOffset + this.item };
  }

  /** Id of the last complete transaction, or the previous one according to a header; undefined = not known yet. */
  get lastTransaction(): number | undefined {
    return this.last;
  }

  /** Bytes after {@link position} that do not form a complete item (yet). */
  get tornBytes(): number {
    return this.length - this.item;
  }

  /** The next transaction or check point; undefined at the current end of the log. */
  next(): LogItem | undefined {
    this.current?.release();
    this.current = undefined;
    for (;;) {
      if (!this.headerRead && !this.openFirst()) return undefined;
      const item = this.parse();
      if (item !== undefined) return item;
      if (!this.fill() && !this.advance()) return undefined;
    }
  }

  /** Everything up to the current end of the log. */
  *[Symbol.iterator](): Generator<LogItem, void> {
    for (let item = this.next(); item !== undefined; item = this.next()) yield item;
  }

  /** Closes the files if the reader opened them. */
  close(): void {
    this.owned?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private openFirst(): boolean {
    const header = readLogHeader(this.source, this.version);
    if (header === undefined) return this.waitForFirst();
    const size = this.source.sizeOf(this.version);
    const offset = this.windowOffset;
    if (offset < LOG_HEADER_BYTES || offset > size) {
      throw this.corrupt('a position in the log is not within its file', 0, `offset ${offset} of ${size}`);
    }
    this.below = Math.max(BASE_TRANSACTION, header.previousTransaction);
    if (offset === LOG_HEADER_BYTES) this.follow(header.previousTransaction, true);
    this.headerRead = true;
    this.borrow();
    return true;
  }

  /** The first file is missing: fine if it may still appear, an error if the log is elsewhere. */
  private waitForFirst(): false {
    const { lowest, highest } = this.source;
    const canCome = highest === undefined || this.version === highest || this.version === highest + 1;
    if (canCome && this.windowOffset === LOG_HEADER_BYTES) return false;
    throw new GraphkeepError('log.gap', 'the log file to begin with is missing', {
      place: { file: this.source.nameOf(this.version) },
      ...(lowest === undefined ? {} : { observed: `files ${lowest} to ${highest}` }),
    });
  }

  /**
   * Checks the previous transaction in a file header. The value 1 means nothing: the Java client writes it to the log of a backup that
   * received no transactions (spec transaction-logs 9, spec common-protocol 15.1), and a later incremental continues that file.
   */
  private follow(previous: number, first: boolean): void {
    if (first && previous === BASE_TRANSACTION) return;
    if (this.last !== undefined && previous !== this.last) {
      throw new GraphkeepError('log.gap', `the log file does not continue after transaction ${this.last}`, {
        place: { file: this.source.nameOf(this.version), offset: 8 },
        observed: previous,
      });
    }
    this.last = previous;
  }

  private parse(): LogItem | undefined {
    const { buffer, length } = this;
    let at = this.entry;
    try {
      while (at + 2 <= length) {
        const form = readEntryForm(buffer, at);
        const type = buffer[at + 1]!;
        if (type === COMMAND_ENTRY && this.inTransaction) {
          at = skipCommand(buffer, at + 2, length, form);
        } else if (type === START_ENTRY && !this.inTransaction) {
          at = skipStartEntry(buffer, at, length);
          this.inTransaction = true;
        } else if (type === COMMIT_ENTRY && this.inTransaction) {
          if (at + COMMIT_ENTRY_BYTES > length) break;
          return this.commit(at);
        } else if (type === CHECK_POINT_ENTRY && !this.inTransaction) {
          if (at + CHECK_POINT_ENTRY_BYTES > length) break;
          return this.checkPoint(at);
        } else {
          throw corruptLog('an entry of this type cannot stand here', at, type);
        }
        this.entry = at;
      }
      return undefined;
    } catch (error) {
      if (error === INCOMPLETE || (hasCode(error, 'log.corrupt', 'log.gap') && this.isLost(at))) return undefined;
      throw relocateError(error, this.windowOffset, { file: this.source.nameOf(this.version) });
    }
  }

  /** True if the unreadable entry at `at` is what a power failure left: its end never reached the disk. */
  private isLost(at: number): boolean {
    const { source, version, windowOffset, item } = this;
    return endsInLostBytes(source, version, windowOffset + item, windowOffset + at);
  }

  private commit(at: number): LogTransaction {
    const end = at + COMMIT_ENTRY_BYTES;
    const transaction = new LogTransaction(this.buffer, this.item, at, end, this.version, this.windowOffset);
    const id = transaction.transactionId;
    if (this.last === undefined ? id <= this.below : id !== this.last + 1) {
      const expected = this.last === undefined ? `a transaction after ${this.below}` : `transaction ${this.last + 1}`;
      throw new GraphkeepError('log.gap', `the log does not continue with ${expected}`, {
        place: { file: this.source.nameOf(this.version), offset: this.windowOffset + at },
        observed: id,
      });
    }
    this.last = id;
    this.inTransaction = false;
    this.entry = end;
    this.item = end;
    this.current = transaction;
    return transaction;
  }

  private checkPoint(at: number): LogItem {
    const target = decodeCheckPointEntry(this.buffer, at);
    const end = at + CHECK_POINT_ENTRY_BYTES;
    this.entry = end;
    this.item = end;
    const offset = this.windowOffset + at;
    const place = { version: this.version, offset };
    return { kind: 'checkPoint', at: place, target, endOffset: offset + CHECK_POINT_ENTRY_BYTES };
  }

  /** Uses the content of the current file as the window if the source holds it; otherwise the window is filled by reading. */
  private borrow(): void {
    const content = this.source.contentOf?.(this.version);
    if (content === undefined) {
      if (this.isBorrowed) this.buffer = Buffer.alloc(0);
      this.isBorrowed = false;
      return;
    }
    this.isBorrowed = true;
    this.buffer = content.subarray(this.windowOffset);
    this.length = this.buffer.length;
  }

  /** Reads more of the current file; false at its end. */
  private fill(): boolean {
    if (this.isBorrowed) return false;
    const available = this.source.sizeOf(this.version) - this.windowOffset - this.length;
    if (available <= 0) return false;
    this.shift(Math.min(this.windowBytes, this.length - this.item + available));
    if (this.length === this.buffer.length) this.grow();
    const wanted = Math.min(available, this.buffer.length - this.length);
    const count = this.source.read(this.version, this.buffer, this.length, wanted, this.windowOffset + this.length);
    this.length += count;
    return count > 0;
  }

  /**
   * Moves the incomplete item to the start of the window and resizes it: no more than a small log needs, and back to the usual size after a
   * very large transaction.
   */
  private shift(wantedBytes: number): void {
    const { buffer, item, length } = this;
    const rest = length - item;
    const isTooLarge = buffer.length > this.windowBytes && rest <= this.windowBytes / 2;
    if (isTooLarge || buffer.length < wantedBytes) {
      this.buffer = Buffer.allocUnsafe(Math.max(wantedBytes, rest));
      buffer.copy(this.buffer, 0, item, length);
    } else {
      buffer.copyWithin(0, item, length);
    }
    this.windowOffset += item;
    this.entry -= item;
    this.item = 0;
    this.length = rest;
  }

  private grow(): void {
    const size = Math.min(this.buffer.length * 2, this.maxTransactionBytes);
    if (size <= this.buffer.length) {
      throw this.corrupt(`a transaction is larger than ${this.maxTransactionBytes} bytes`, this.item, this.length);
    }
    const larger = Buffer.allocUnsafe(size);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /**
   * Moves to the next file once it has a header. The current file is final when the next one exists, but may have grown since it was last
   * looked at: look once more.
   */
  private advance(): boolean {
    if (this.version >= this.through) return false;
    const header = readLogHeader(this.source, this.version + 1);
    if (header === undefined) return false;
    if (this.fill()) return true;
    if (this.tornBytes > 0) throw this.corrupt('a log file that is not the newest ends inside an entry', this.item);
    this.version++;
    this.owned?.release(this.version);
    this.windowOffset = LOG_HEADER_BYTES;
    this.length = 0;
    this.item = 0;
    this.entry = 0;
    this.borrow();
    this.follow(header.previousTransaction, false);
    return true;
  }

  private corrupt(message: string, at: number, observed?: string | number): unknown {
    const error = corruptLog(message, at, observed);
    return relocateError(error, this.windowOffset, { file: this.source.nameOf(this.version) });
  }
}
