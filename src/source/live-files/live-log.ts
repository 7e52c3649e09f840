import { throwIfCancelled } from '../../base/cancellation.ts';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { sleep } from '../../base/timers.ts';
import { LogPinner } from '../../log/log-pinner.ts';
import { isBefore, type LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { copyStartOf, findLastCheckPoint } from '../../log/v3/check-points.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import { LogTailer } from '../../log/v3/log-tailer.ts';
import { inPresentForm } from '../../log/v3/transaction-codec.ts';
import { inPieces } from '../../log/v3/transaction-pieces.ts';
import { findTransactionAfter, newestFileBefore } from '../../log/v3/transaction-search.ts';
import type { TransactionReceiver, WaitingTransactions } from '../backup-source.ts';

/** A log that grows all the time is looked at this often, in milliseconds. */
const LOOK_MS = 100;

const NOTHING: WaitingTransactions = { transactions: 0, bytes: 0 };

/** Where reading begins: a position, and the transaction before it if that is known. */
export interface LogStart {
  from: LogPosition;
  lastTransaction?: number;
}

/** The last transaction that was delivered. */
interface Delivered {
  transactionId: number;
  begin: LogPosition;
  end: LogPosition;
}

/**
 * The log of a live server. All its files are opened at once, and new ones as they appear, so the server cannot prune what is still needed
 * (spec transaction-logs 10.4). It may stay open between two deliveries: then the second one continues where the first one ended.
 */
export class LiveLog {
  private readonly files: LogFileSet;
  private readonly pinner: LogPinner;
  private readonly place: ErrorPlace;
  private delivered: Delivered | undefined;
  /** Reads on after the last delivery, to see what is new. */
  private tail: { tailer: LogTailer; waiting: WaitingTransactions } | undefined;

  /** `place`: the database, for errors about its history. @throws GraphkeepError `log.gap`, `file.io` */
  constructor(directory: string, place: ErrorPlace) {
    this.place = place;
    this.files = new LogFileSet(directory);
    this.pinner = new LogPinner(this.files);
  }

  /**
   * Where a copy that begins now has to replay from: the position of the last check point. Everything before it is in the store files.
   * @throws GraphkeepError `log.no-check-point`
   */
  findCopyStart(): LogStart {
    return { from: copyStartOf(this.files, findLastCheckPoint(this.files)) };
  }

  /** The first transaction from `start` on; undefined if there is none yet. */
  firstTransactionFrom({ from }: LogStart): number | undefined {
    const reader = new LogReader(this.files, { from });
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'transaction') return item.transactionId;
    }
    return undefined;
  }

  /**
   * Where the transaction after `after` begins; undefined if there is none, because nothing is new or the database is behind.
   * @throws GraphkeepError `peer.history-pruned`
   */
  async findTransaction(after: number, signal: AbortSignal): Promise<LogStart | undefined> {
    const { delivered } = this;
    if (delivered?.transactionId === after + 1) {
      // Whoever asks on from here has kept all that was delivered before.
      this.files.release(delivered.begin.version);
      return { from: delivered.begin, lastTransaction: after };
    }
    const found = await findTransactionAfter(this.files, after, signal);
    if (found.kind === 'found') return { from: found.begin, lastTransaction: after };
    if (found.kind === 'not-yet') {
      this.followAfter(found);
      return undefined;
    }
    throw new GraphkeepError('peer.history-pruned', `transaction ${after + 1} is in no transaction log any more`, {
      place: this.place,
    });
  }

  /** False if no open file can hold the transaction after `after`. */
  reachesBackTo(after: number): boolean {
    return newestFileBefore(this.files, after) !== undefined;
  }

  /**
   * Delivers every transaction from `start` to the present end of the log. What is delivered was forced to disk first, so that the server
   * cannot lose it in a power failure and no backup is ever ahead of its database.
   */
  async deliver(start: LogStart, receiver: TransactionReceiver, signal: AbortSignal): Promise<void> {
    this.pinner.check();
    this.files.pin();
    await this.files.force(start.from.version);
    try {
      for (const piece of inPieces(this.read(start, this.presentEnd()))) {
        throwIfCancelled(signal);
        await receiver.transactionBytes(piece);
      }
    } finally {
      this.files.showWritten();
    }
    throwIfCancelled(signal);
  }

  /**
   * Yields what waits after the transactions that were delivered: now, and whenever that may have changed, at least several times a second.
   * Ends with an error only.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<WaitingTransactions, void> {
    for (;;) {
      const waiting = await this.countWaiting(signal);
      yield waiting;
      if (waiting.transactions > 0) await sleep(LOOK_MS, signal);
      else await this.pinner.waitForChange(signal);
    }
  }

  private async countWaiting(signal: AbortSignal): Promise<WaitingTransactions> {
    this.pinner.check();
    const { tail } = this;
    if (tail === undefined) return NOTHING;
    for await (const item of tail.tailer.read(signal)) {
      if (item.kind !== 'transaction') continue;
      const { transactions, bytes } = tail.waiting;
      tail.waiting = { transactions: transactions + 1, bytes: bytes + item.bytes.length };
    }
    return tail.waiting;
  }

  /** The transactions between two positions. Each is valid until the next one is asked for. */
  private *read(start: LogStart, end: LogPosition): Generator<Buffer, void> {
    const reader = new LogReader(this.files, start);
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      this.pinner.check();
      if (item.kind !== 'transaction') continue;
      const { transactionId, version, startOffset, endOffset } = item;
      const begin = { version, offset: startOffset };
      if (!isBefore(begin, end)) break;
      yield inPresentForm(item.bytes);
      this.delivered = { transactionId, begin, end: { version, offset: endOffset } };
    }
    this.followAfter({
      position: this.delivered?.end ?? reader.position,
      lastTransaction: this.delivered?.transactionId,
    });
  }

  private followAfter({ position: from, lastTransaction }: Pick<LogReader, 'position' | 'lastTransaction'>): void {
    const wait = (signal?: AbortSignal) => this.pinner.waitForChange(signal);
    const tailer = new LogTailer(this.files, {
      from,
      wait,
      ...(lastTransaction === undefined ? {} : { lastTransaction }),
    });
    this.tail = { tailer, waiting: NOTHING };
  }

  close(): void {
    this.pinner.stop();
    this.files.close();
  }

  private presentEnd(): LogPosition {
    const version = this.files.highest ?? 0;
    return { version, offset: this.files.sizeOf(version) };
  }
}
