import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { BASE_TRANSACTION } from '../log/v3/log-header.ts';
import { LogWriter } from '../log/v3/log-writer.ts';
import { type StreamedTransaction, type TransactionSink, TransactionStream } from '../log/v3/transaction-stream.ts';
import type { TransactionReceiver } from '../source/backup-source.ts';

/** The last transaction that a backup has. */
export interface KnownTransaction {
  id: number;
  checksum: bigint;
}

export interface ReceivedTransactions {
  count: number;
  first: number | undefined;
  last: number | undefined;
  bytes: number;
}

export interface ReceivedLogOptions {
  folder: string;
  /** Version of the log file to write; asked for when the first transaction arrives, or at the end. */
  version: () => number;
  /** Who sends, for errors. */
  place: ErrorPlace;
  /**
   * The stream begins with this transaction, which the backup has already: it is compared and dropped. Its absence, or another one under
   * its number, shows that the server has another history (it was restored from a backup, say).
   */
  overlap?: KnownTransaction;
  /** Last transaction before the stream; undefined = whatever comes. */
  after?: number;
  /** Told of each piece: complete transactions and bytes so far, and the last complete one, which may be {@link overlap}. */
  onProgress?: (done: { transactions: number; bytes: number; last: number | undefined }) => void;
}

/**
 * Writes received transactions to a log file of their own, which is durable and complete when {@link finish} has returned. Ids must
 * follow each other and the stream must end behind a commit: half a transaction is an error, not the end.
 */
export class ReceivedLog implements TransactionReceiver, TransactionSink {
  private readonly options: ReceivedLogOptions;
  private readonly stream: TransactionStream;
  private writer: LogWriter | undefined;
  private overlapping: boolean;
  private bytes = 0;

  constructor(options: ReceivedLogOptions) {
    this.options = options;
    const { overlap, after, place } = options;
    this.overlapping = overlap !== undefined;
    const first = overlap?.id ?? (after === undefined ? undefined : after + 1);
    this.stream = new TransactionStream({
      place,
      ...(first === undefined ? {} : { firstTransaction: first }),
      sink: this,
    });
  }

  transactionBytes(chunk: Buffer): undefined {
    this.stream.feed(chunk);
    const { onProgress } = this.options;
    if (onProgress === undefined || this.overlapping) return;
    onProgress({
      transactions: this.stream.count - this.dropped,
      bytes: this.bytes,
      last: this.stream.last?.transactionId,
    });
  }

  private get dropped(): number {
    return this.options.overlap === undefined ? 0 : 1;
  }

  /** `lastKnown` goes into the header of a log without transactions. */
  async finish(lastKnown: number): Promise<ReceivedTransactions> {
    const { count, firstTransaction, last } = this.stream.end();
    if (this.overlapping) throw this.behind();
    const received = count - this.dropped;
    const first = received === 0 ? undefined : firstTransaction! + this.dropped;
    const writer = this.open();
    writer.rewriteHeader(first === undefined ? lastKnown : first - 1);
    await writer.force();
    writer.close();
    this.writer = undefined;
    return { count: received, first, last: received === 0 ? undefined : last!.transactionId, bytes: this.bytes };
  }

  /** Closes the file after a failure; what was written is worthless. */
  abandon(): void {
    this.writer?.close();
    this.writer = undefined;
  }

  takeBytes(bytes: Buffer): void {
    if (this.overlapping) return;
    this.open().appendRaw(bytes);
    this.bytes += bytes.length;
  }

  private open(): LogWriter {
    this.writer ??= LogWriter.create(this.options.folder, this.options.version(), BASE_TRANSACTION);
    return this.writer;
  }

  takeTransaction(transaction: StreamedTransaction): void {
    if (!this.overlapping) return;
    this.overlapping = false;
    const { overlap, place } = this.options;
    if (transaction.checksum === overlap!.checksum) return;
    throw new GraphkeepError(
      'peer.diverged',
      `transaction ${overlap!.id} of the server is not the one of this backup`,
      {
        place,
        observed: `checksum ${transaction.checksum}, the backup has ${overlap!.checksum}`,
      },
    );
  }

  private behind(): GraphkeepError {
    const { overlap, place } = this.options;
    return new GraphkeepError(
      'peer.behind',
      `the server does not have transaction ${overlap!.id}, the last one of this backup`,
      {
        place,
      },
    );
  }
}
