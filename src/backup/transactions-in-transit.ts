import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { type StreamedTransaction, type TransactionSink, TransactionStream } from '../log/v3/transaction-stream.ts';
import type { TransactionReceiver } from '../source/backup-source.ts';
import type { KnownTransaction, ReceivedTransactions, TransactionLog } from './target/backup-target.ts';

export interface TransactionsOptions {
  /** Receives the new transactions. */
  log: TransactionLog;
  /** The sender, for errors. */
  place: ErrorPlace;
  /**
   * The transaction with which the stream begins. The backup already has it: it is compared and dropped. If it is missing, or differs, the
   * server has another history (for example, it was restored from a backup).
   */
  overlap?: KnownTransaction;
  /** Last transaction before the stream; undefined = accept any. */
  after?: number;
  /** Called for each piece with the complete transactions and bytes so far, and the last complete one, which may be {@link overlap}. */
  onProgress?: (done: { transactions: number; bytes: number; last: number | undefined }) => void;
}

/**
 * Checks transactions on their way from a source to a target. Ids must be consecutive, and the stream must end after a commit: half a
 * transaction is an error, not the end.
 */
export class TransactionsInTransit implements TransactionReceiver, TransactionSink {
  private readonly options: TransactionsOptions;
  private readonly stream: TransactionStream;
  private overlapping: boolean;
  private bytes = 0;

  constructor(options: TransactionsOptions) {
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

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    this.stream.feed(chunk);
    this.tellProgress();
    return this.options.log.drain();
  }

  /** Call when the source has sent everything. */
  end(): ReceivedTransactions {
    const { count, firstTransaction, last } = this.stream.end();
    if (this.overlapping) throw this.behind();
    const received = count - this.dropped;
    if (received === 0) return { count: 0, first: undefined, last: undefined, bytes: this.bytes };
    return { count: received, first: firstTransaction! + this.dropped, last: last!.transactionId, bytes: this.bytes };
  }

  takeBytes(bytes: Buffer, streamOffset: number): void {
    if (this.overlapping) return;
    this.options.log.takeBytes(bytes, streamOffset);
    this.bytes += bytes.length;
  }

  takeTransaction(transaction: StreamedTransaction): void {
    if (!this.overlapping) {
      this.options.log.takeTransaction(transaction);
      return;
    }
    this.overlapping = false;
    const { overlap, place } = this.options;
    if (transaction.checksum === overlap!.checksum) return;
    throw new GraphkeepError(
      'peer.diverged',
      `transaction ${overlap!.id} of the server is not the one of this backup`,
      { place, observed: `checksum ${transaction.checksum}, the backup has ${overlap!.checksum}` },
    );
  }

  private get dropped(): number {
    return this.options.overlap === undefined ? 0 : 1;
  }

  private tellProgress(): void {
    if (this.overlapping) return;
    this.options.onProgress?.({
      transactions: this.stream.count - this.dropped,
      bytes: this.bytes,
      last: this.stream.last?.transactionId,
    });
  }

  private behind(): GraphkeepError {
    const { overlap, place } = this.options;
    return new GraphkeepError(
      'peer.behind',
      `the server does not have transaction ${overlap!.id}, the last one of this backup`,
      { place },
    );
  }
}
