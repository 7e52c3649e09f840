import { type FSWatcher, watch } from 'node:fs';
import { cancelledError } from '../base/cancellation.ts';
import type { LogFileSet } from './log-source.ts';

export interface LogPinnerOptions {
  /** Longest time between two looks at the directory, if the system does not report changes. */
  intervalMs?: number;
  /** False: do not use file system notifications. */
  watch?: boolean;
}

const INTERVAL_MS = 200;

/**
 * Opens every log file of a live server in the background as soon as it appears, so that pruning cannot remove it before it was read (spec
 * transaction-logs 5, 10.4). {@link check} and {@link waitForChange} report a loss.
 */
export class LogPinner {
  private readonly files: LogFileSet;
  private readonly timer: NodeJS.Timeout;
  private readonly watcher: FSWatcher | undefined;
  private failure: unknown;
  private waiters: (() => void)[] = [];

  constructor(files: LogFileSet, options: LogPinnerOptions = {}) {
    this.files = files;
    files.pin();
    this.timer = setInterval(() => this.look(), options.intervalMs ?? INTERVAL_MS).unref();
    this.watcher = options.watch === false ? undefined : this.startWatching();
  }

  /** Throws any background error, such as a file that was pruned before it could be opened. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Resolves when a log file may have grown or appeared, no later than the interval. */
  async waitForChange(signal?: AbortSignal): Promise<void> {
    this.check();
    await new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancelledError(signal));
        return;
      }
      const abort = () => reject(cancelledError(signal!));
      signal?.addEventListener('abort', abort, { once: true });
      this.waiters.push(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      // The interval alone does not keep the process alive, but a waiting caller does.
      this.timer.ref();
    });
    this.check();
  }

  /** Ends the background work; the files stay open. */
  stop(): void {
    clearInterval(this.timer);
    this.watcher?.close();
    this.wake();
  }

  private startWatching(): FSWatcher | undefined {
    try {
      const watcher = watch(this.files.directory, (event) => {
        // "rename": a name appeared or disappeared. "change": more bytes, which needs no new descriptor.
        if (event === 'rename') this.look();
        else this.wake();
      });
      watcher.on('error', () => watcher.close());
      return watcher.unref();
    } catch {
      // Some directories cannot be watched (network file systems, too many watches); the interval remains.
      return undefined;
    }
  }

  private look(): void {
    try {
      this.files.pin();
    } catch (error) {
      this.failure ??= error;
    }
    this.wake();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = [];
    this.timer.unref();
    for (const resolve of waiters) resolve();
  }
}
