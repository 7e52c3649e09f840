import { cancelledError, throwIfCancelled } from '../../base/cancellation.ts';
import type { LiveSnapshot } from './live-snapshot.ts';

/** A copy that begins this long after a snapshot still uses it: it only has more log to replay. */
const SHARED_MS = 60_000;
/** More of them at the same time are not made, however old they are: each takes room on the disk. */
const MOST_SNAPSHOTS = 4;

interface Making {
  promise: Promise<LiveSnapshot>;
  abort: AbortController;
  waiters: number;
}

/** The snapshots of one database. Copies that begin at about the same time share one. */
export class SharedSnapshots {
  private readonly make: (signal: AbortSignal) => Promise<LiveSnapshot>;
  private snapshots: LiveSnapshot[] = [];
  private making: Making | undefined;

  constructor(make: (signal: AbortSignal) => Promise<LiveSnapshot>) {
    this.make = make;
  }

  /** The open ones, oldest first. */
  get open(): readonly LiveSnapshot[] {
    this.snapshots = this.snapshots.filter((snapshot) => snapshot.isOpen);
    return this.snapshots;
  }

  /** A snapshot that the caller must close once. */
  async get(signal: AbortSignal): Promise<LiveSnapshot> {
    const youngest = this.open.at(-1);
    const isYoung = youngest !== undefined && performance.now() - youngest.madeAt < SHARED_MS;
    if (youngest !== undefined && (isYoung || this.open.length >= MOST_SNAPSHOTS)) {
      youngest.use();
      return youngest;
    }
    const making = this.making ?? this.begin();
    making.waiters++;
    try {
      const snapshot = await untilAborted(making.promise, signal);
      snapshot.use();
      return snapshot;
    } finally {
      making.waiters--;
      if (making.waiters === 0) this.end(making);
    }
  }

  private begin(): Making {
    const abort = new AbortController();
    const promise = this.make(abort.signal).then((snapshot) => {
      this.snapshots.push(snapshot);
      return snapshot;
    });
    this.making = { promise, abort, waiters: 0 };
    return this.making;
  }

  /** Nobody waits any more: those who wanted it use it, or have gone away. */
  private end(making: Making): void {
    this.making = undefined;
    making.abort.abort();
    making.promise.then(
      (snapshot) => snapshot.close(),
      // Told to those who waited.
      () => {},
    );
  }
}

/** The result of `promise`, or `cancelled` as soon as the signal aborts. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfCancelled(signal);
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(cancelledError(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
