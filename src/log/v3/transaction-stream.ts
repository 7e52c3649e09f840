import type { ErrorCode } from '../../base/error-codes.ts';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { skipCommand } from './commands/command-table.ts';
import { CHECK_POINT_ENTRY_BYTES } from './entries/check-point-entry.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';
import { CHECK_POINT_ENTRY, COMMAND_ENTRY, COMMIT_ENTRY, START_ENTRY } from './entries/entry-types.ts';
import { decodeStartEntry, type StartEntry, skipStartEntry, transactionChecksum } from './entries/start-entry.ts';
import { corruptLog, INCOMPLETE, readExactI64 } from './fields/log-integer.ts';
import { MAX_STREAMED_ENTRY_BYTES } from './fields/log-limits.ts';
import { BASE_TRANSACTION } from './log-header.ts';
import { readEntryForm } from './transaction-walker.ts';

export interface TransactionStreamOptions {
  /** Required id of the first transaction; undefined = any. */
  firstTransaction?: number;
  /** Size limit for one entry, which must fit in memory. */
  maxEntryBytes?: number;
  /** Receives the transactions; without a sink they are only checked. */
  sink?: TransactionSink;
  /** The origin of the stream, for errors. */
  place?: ErrorPlace;
}

/** Receives what a {@link TransactionStream} has checked. */
export interface TransactionSink {
  /**
   * The bytes of the transactions in order, without check points: runs of whole entries, as views that are valid only during the call.
   * `streamOffset` is the position of the first byte in the stream. A run may end inside a transaction; only the first {@link
   * TransactionStream.committedBytes} of all bytes received so far are whole transactions.
   */
  takeBytes(bytes: Buffer, streamOffset: number): void;
  /** A transaction is complete: {@link takeBytes} has received its last byte. */
  takeTransaction(transaction: StreamedTransaction): void;
}

export interface StreamedTransaction {
  transactionId: number;
  timeCommitted: number;
  checksum: bigint;
  start: StartEntry;
}

export interface TransactionStreamSummary {
  count: number;
  firstTransaction: number | undefined;
  last: StreamedTransaction | undefined;
  /** Bytes of transactions, without check points. */
  committedBytes: number;
}

const FIRST_BUFFER_BYTES = 64 * 1024;

/**
 * Checks raw transactions that arrive in chunks, as the backup protocols send them: the bytes of a log file without its header (spec
 * common-protocol 11). Ids must be consecutive, and the stream must end after a Commit entry. Keeps only the incomplete entry, so memory
 * use is flat whatever lengths the stream claims.
 */
export class TransactionStream {
  private readonly options: TransactionStreamOptions;
  private readonly maxEntryBytes: number;
  /** The start of an entry whose end has not arrived; `kept` bytes are valid. */
  private buffer = Buffer.alloc(0);
  private kept = 0;
  /** Do not parse the kept entry again before this many bytes have arrived: keeps the work linear for a large entry. */
  private retryAt = 0;
  /** Position in the stream of the first unconsumed byte. */
  private offset = 0;
  private start: StartEntry | undefined;
  private nextId: number | undefined;
  private first: number | undefined;
  private lastTransaction: StreamedTransaction | undefined;
  private transactions = 0;
  private handedOut = 0;
  private committed = 0;

  constructor(options: TransactionStreamOptions = {}) {
    this.options = options;
    this.maxEntryBytes = options.maxEntryBytes ?? MAX_STREAMED_ENTRY_BYTES;
    this.nextId = options.firstTransaction;
  }

  /** Number of complete transactions so far. */
  get count(): number {
    return this.transactions;
  }

  get firstTransaction(): number | undefined {
    return this.first;
  }

  get last(): StreamedTransaction | undefined {
    return this.lastTransaction;
  }

  /** How many of the bytes passed to the sink are whole transactions: where to cut what was stored if the stream breaks off. */
  get committedBytes(): number {
    return this.committed;
  }

  /** Processes the next bytes. Throws `peer.hostile`, with the position in the stream, for anything that is not a transaction stream. */
  feed(chunk: Buffer): void {
    if (this.kept === 0) {
      const consumed = this.consume(chunk);
      this.keep(chunk.subarray(consumed), 0);
      return;
    }
    this.keep(chunk, this.kept);
    if (this.kept >= this.retryAt) this.consumeKept();
  }

  /** Ends the stream; throws `peer.closed` unless it ends just after a Commit entry or is empty. */
  end(): TransactionStreamSummary {
    if (this.kept > 0) this.consumeKept();
    if (this.kept > 0 || this.start !== undefined) {
      throw this.fail('peer.closed', 'the transactions end inside a transaction', this.offset + this.kept);
    }
    const { count, firstTransaction, last, committedBytes } = this;
    return { count, firstTransaction, last, committedBytes };
  }

  private consumeKept(): void {
    const consumed = this.consume(this.buffer.subarray(0, this.kept));
    this.buffer.copyWithin(0, consumed, this.kept);
    this.kept -= consumed;
    // Retry an entry that is incomplete at this size at twice the size, or at the end of the stream.
    this.retryAt = consumed === 0 ? this.kept * 2 : this.kept + 1;
    if (this.kept === 0 && this.buffer.length > 16 * FIRST_BUFFER_BYTES) this.buffer = Buffer.alloc(0);
  }

  private keep(bytes: Buffer, at: number): void {
    const needed = at + bytes.length;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BUFFER_BYTES, this.buffer.length * 2, needed));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    bytes.copy(this.buffer, at);
    this.kept = needed;
    if (at === 0) this.retryAt = needed + 1;
    if (needed > this.maxEntryBytes + FIRST_BUFFER_BYTES) this.checkEntrySize();
  }

  /** More bytes are kept than one entry may have: either they are several entries, or one is too large. */
  private checkEntrySize(): void {
    this.consumeKept();
    if (this.kept > this.maxEntryBytes) {
      throw this.fail('peer.hostile', `an entry is larger than ${this.maxEntryBytes} bytes`, this.offset, this.kept);
    }
  }

  /** Parses whole entries, passes them on, and returns how many bytes of `window` they took. */
  private consume(window: Buffer): number {
    let at = 0;
    let run = 0;
    try {
      while (at + 2 <= window.length) {
        const next = this.entry(window, at);
        const type = window[at + 1]!;
        if (type === CHECK_POINT_ENTRY) {
          this.handOut(window, run, at);
          run = next;
        } else if (type === COMMIT_ENTRY) {
          this.handOut(window, run, next);
          run = next;
          this.commit(window, at);
        }
        at = next;
      }
    } catch (error) {
      if (error !== INCOMPLETE) throw this.translate(error);
    }
    this.handOut(window, run, at);
    this.offset += at;
    return at;
  }

  /** Offset after the entry at `at`, if the entry is allowed there. */
  private entry(window: Buffer, at: number): number {
    const form = readEntryForm(window, at);
    const type = window[at + 1]!;
    if (type === COMMAND_ENTRY && this.start !== undefined) return skipCommand(window, at + 2, window.length, form);
    if (type === START_ENTRY && this.start === undefined) {
      const next = skipStartEntry(window, at, window.length);
      this.start = decodeStartEntry(window, at);
      return next;
    }
    const isCommit = type === COMMIT_ENTRY && this.start !== undefined;
    const isCheckPoint = type === CHECK_POINT_ENTRY && this.start === undefined;
    if (!isCommit && !isCheckPoint) throw corruptLog('an entry of this type cannot stand here', at, type);
    const next = at + (isCommit ? COMMIT_ENTRY_BYTES : CHECK_POINT_ENTRY_BYTES);
    if (next > window.length) throw INCOMPLETE;
    if (isCommit) this.checkId(window, at);
    return next;
  }

  private checkId(window: Buffer, at: number): void {
    const id = readExactI64(window, at + 2);
    if (this.nextId === undefined ? id <= BASE_TRANSACTION : id !== this.nextId) {
      throw corruptLog(`the transactions do not continue with ${this.nextId ?? '2 or later'}`, at, id);
    }
  }

  private commit(window: Buffer, at: number): void {
    const start = this.start!;
    const transactionId = readExactI64(window, at + 2);
    const timeCommitted = readExactI64(window, at + 10);
    this.lastTransaction = { transactionId, timeCommitted, checksum: transactionChecksum(start), start };
    this.start = undefined;
    this.nextId = transactionId + 1;
    this.first ??= transactionId;
    this.transactions++;
    this.committed = this.handedOut;
    this.options.sink?.takeTransaction(this.lastTransaction);
  }

  private handOut(window: Buffer, from: number, to: number): void {
    if (from === to) return;
    this.handedOut += to - from;
    this.options.sink?.takeBytes(window.subarray(from, to), this.offset + from);
  }

  private translate(error: unknown): unknown {
    if (!(error instanceof GraphkeepError) || error.code !== 'log.corrupt') return error;
    const place = this.offset + (error.place?.offset ?? 0);
    return this.fail('peer.hostile', error.message, place, error.observed);
  }

  private fail(code: ErrorCode, message: string, offset: number, observed?: string | number | bigint): GraphkeepError {
    return new GraphkeepError(code, message, {
      place: { ...this.options.place, offset },
      ...(observed === undefined ? {} : { observed }),
    });
  }
}
