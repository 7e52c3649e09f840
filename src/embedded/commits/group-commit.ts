import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../../log/log-position.ts';
import type { LogWriter } from '../../log/v3/log-writer.ts';
import type { DecodedTransaction } from '../../log/v3/transaction-codec.ts';

export interface GroupCommitOptions {
  /** A log file is closed at this size. */
  rotationBytes: number;
  /** Called before the log continues in a file of this version. */
  beforeRotation(version: number): void;
  afterRotation(version: number): void;
  /** Called when everything up to this transaction is durable, before waiting callers are notified. */
  onDurable(transaction: number): void;
  /** Called once, when a write or flush has failed. Nothing becomes durable after it. */
  onFailure(error: unknown): void;
}

interface Waiter {
  appended: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Makes the appended log durable: callers that wait share one flush with everything appended by then. Only this class flushes or rotates
 * the log.
 */
export class GroupCommit {
  private readonly writer: LogWriter;
  private readonly options: GroupCommitOptions;
  /** Counts everything appended, including check points. */
  private appended = 0;
  private waiters: Waiter[] = [];
  private loop: Promise<void> | undefined;
  private failure: GraphkeepError | undefined;

  constructor(writer: LogWriter, options: GroupCommitOptions) {
    this.writer = writer;
    this.options = options;
  }

  /** The end of the log, including what is not durable yet. */
  get position(): LogPosition {
    return this.writer.position;
  }

  appendTransaction(transaction: DecodedTransaction): void {
    this.append(() => this.writer.appendTransaction(transaction));
  }

  appendCheckPoint(target: LogPosition): void {
    this.append(() => this.writer.appendCheckPoint(target));
  }

  /** Resolves when everything appended before the call is durable; rejects with the cause if it never will be. */
  async force(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const done = new Promise<void>((resolve, reject) => {
      this.waiters.push({ appended: this.appended, resolve, reject });
    });
    this.loop ??= this.run();
    await done;
  }

  /** Waits until nobody waits any more, then closes the log. */
  async close(): Promise<void> {
    await this.loop;
    this.writer.close();
  }

  private append(write: () => void): void {
    if (this.failure !== undefined) throw this.failure;
    try {
      write();
      this.appended++;
    } catch (error) {
      this.fail(error);
      throw this.failure;
    }
  }

  private async run(): Promise<void> {
    try {
      // Commits in the same turn share the flush.
      await Promise.resolve();
      while (this.waiters.length > 0) {
        const { appended } = this;
        const { lastTransaction } = this.writer;
        await this.writer.force();
        if (this.failure !== undefined) break;
        if (lastTransaction !== undefined) this.options.onDurable(lastTransaction);
        this.release(appended);
        if (this.writer.position.offset >= this.options.rotationBytes) this.rotate();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.loop = undefined;
    }
  }

  private rotate(): void {
    const version = this.writer.position.version + 1;
    this.options.beforeRotation(version);
    this.writer.rotateNow();
    this.options.afterRotation(version);
  }

  private release(appended: number): void {
    const { waiters } = this;
    this.waiters = waiters.filter((waiter) => waiter.appended > appended);
    for (const waiter of waiters) if (waiter.appended <= appended) waiter.resolve();
  }

  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    const failure = new GraphkeepError('embedded.failed', 'the log could not be written', { cause: error });
    this.failure = failure;
    const { waiters } = this;
    this.waiters = [];
    this.options.onFailure(error);
    for (const waiter of waiters) waiter.reject(failure);
  }
}
