import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { LogPinner, type LogPinnerOptions } from '../log-pinner.ts';
import type { LogPosition } from '../log-position.ts';
import { LogFileSet } from '../log-source.ts';
import { LogReader, type LogReaderOptions } from './log-reader.ts';
import type { LogItem } from './log-transaction.ts';

export interface LogTailerOptions extends LogReaderOptions, LogPinnerOptions {
  /**
   * Hand out only what was forced to disk (fdatasync on our own descriptor). The source cannot lose such a transaction in a power cut, so
   * no copy is ever ahead of the source (spec transaction-logs 5).
   */
  forced?: boolean;
  /** Replaces waiting for a change in the directory. */
  wait?: (signal?: AbortSignal) => Promise<void>;
}

/** Timers and sockets get a turn after this many bytes of backlog. */
const BYTES_PER_TURN = 8 * 1024 * 1024;

/**
 * Follows the log of a running server without its help (spec transaction-logs 5). Reads a transaction once its Commit entry is complete,
 * moves to file N+1 once it has a header, and opens every file as soon as it appears.
 */
export class LogTailer {
  readonly files: LogFileSet;
  private readonly ownsFiles: boolean;
  private readonly forced: boolean;
  private readonly reader: LogReader;
  private readonly pinner: LogPinner | undefined;
  private readonly wait: (signal?: AbortSignal) => Promise<void>;

  /** Follows a directory, or given files, which the caller closes: those all stay open. */
  constructor(log: LogFileSet | string, options: LogTailerOptions = {}) {
    this.ownsFiles = typeof log === 'string';
    this.files = typeof log === 'string' ? new LogFileSet(log) : log;
    if (this.ownsFiles && options.from !== undefined) this.files.release(options.from.version);
    this.files.pin();
    this.forced = options.forced ?? false;
    this.reader = new LogReader(this.files, options);
    const { wait } = options;
    this.pinner = wait === undefined ? new LogPinner(this.files, options) : undefined;
    this.wait = wait ?? ((signal) => this.pinner!.waitForChange(signal));
  }

  /** End of the last transaction or check point handed out. */
  get position(): LogPosition {
    return this.reader.position;
  }

  get lastTransaction(): number | undefined {
    return this.reader.lastTransaction;
  }

  /** Everything that is complete now. Continue after the iteration with another call, or with {@link follow}. */
  async *read(signal?: AbortSignal): AsyncGenerator<LogItem, void> {
    this.pinner?.check();
    this.files.pin();
    if (this.forced) await this.files.force(this.reader.position.version);
    let bytes = 0;
    for (let item = this.reader.next(); item !== undefined; item = this.reader.next()) {
      throwIfCancelled(signal);
      if (item.kind === 'transaction') bytes += item.endOffset - item.startOffset;
      yield item;
      if (bytes < BYTES_PER_TURN) continue;
      bytes = 0;
      await setImmediate();
    }
    if (this.ownsFiles) this.files.release(this.reader.position.version);
  }

  /** Everything that is there and will come, until `signal` aborts (`cancelled`) or the caller leaves the loop. */
  async *follow(signal?: AbortSignal): AsyncGenerator<LogItem, void> {
    for (;;) {
      yield* this.read(signal);
      await this.wait(signal);
      throwIfCancelled(signal);
    }
  }

  close(): void {
    this.pinner?.stop();
    if (this.ownsFiles) this.files.close();
  }
}
