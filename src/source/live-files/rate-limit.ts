import { sleep } from '../../base/timers.ts';

/** How a {@link RateLimit} sees the time, in milliseconds. Tests have their own. */
export interface RateClock {
  now(): number;
  /** Rejects with `cancelled` when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const processClock: RateClock = {
  now: () => performance.now(),
  sleep,
};

/** Keeps reads below a speed, so that a server on the same machine keeps its disk. */
export class RateLimit {
  private readonly bytesPerSecond: number | undefined;
  private readonly clock: RateClock;
  /** When the next read may begin. */
  private freeAt = Number.NEGATIVE_INFINITY;

  /** `bytesPerSecond`: undefined for no limit. */
  constructor(bytesPerSecond: number | undefined, clock = processClock) {
    this.bytesPerSecond = bytesPerSecond;
    this.clock = clock;
  }

  /** Resolves when `bytes` may be read. @throws GraphkeepError `cancelled` */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === undefined) return;
    const now = this.clock.now();
    const begin = Math.max(this.freeAt, now);
    this.freeAt = begin + (1000 * bytes) / this.bytesPerSecond;
    if (begin > now) await this.clock.sleep(begin - now, signal);
  }
}
