import { type FSWatcher, watch } from 'node:fs';
import { cancelledError } from '../base/cancellation.ts';
import type { LogFileSet } from './log-source.ts';

export interface LogPinnerOptions {
  /** Longest time between two looks at the directory, where the system does not tell of changes by itself. */
  intervalMs?: number;
  /** False: do not ask the system to tell of changes. */
  watch?: boolean;
}

const INTERVAL_MS = 200;

/**
 * Opens every log file of a live server as soon as it appears, in the background, so that pruning cannot take it away before it was
 * read (spec transaction-logs 5, 10.4). A loss is reported by {@link check} and {@link waitForChange}.
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

  /** Throws what went wrong in the background, such as a file that was pruned before it could be opened. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Resolves when a log file may have grown or appeared, at the latest after the interval. */
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
      // The interval alone does not keep the process alive, but somebody who waits does.
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
        // "rename" is a name that came or went; "change" is more bytes, which needs no new descriptor.
        if (event === 'rename') this.look();
        else this.wake();
      });
      watcher.on('error', () => watcher.close());
      return watcher.unref();
    } catch {
      // Not everything can be watched (network file systems, too many watches): the interval remains.
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
