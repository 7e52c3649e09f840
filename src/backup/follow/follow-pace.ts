/** A source that fails is asked again after this time, then after twice as long, and so on, in milliseconds. */
const RETRY_MS = { first: 1000, most: 60_000 };

const LEAST_PAUSE_MS = 50;

/** Decides when the next backup of a followed source begins. All times in milliseconds. */
export class FollowPace {
  private readonly intervalMs: number;
  private retryMs = RETRY_MS.first;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /**
   * The pause after a backup that took `tookMs`. What is committed just after it has read the log is safe at the end of the next one, two
   * backups and a pause later: together they take the interval. A backup that is slower than that leaves others as much time to begin to
   * read the target as it has taken, but no more than the interval: after a full backup of hours there is much to fetch.
   */
  pauseAfter(tookMs: number): number {
    this.retryMs = RETRY_MS.first;
    return Math.max(this.intervalMs - 2 * tookMs, Math.min(this.intervalMs, Math.max(tookMs, LEAST_PAUSE_MS)));
  }

  /** The pause after a failure. */
  pauseAfterFailure(): number {
    const pause = this.retryMs;
    this.retryMs = Math.min(RETRY_MS.most, 2 * this.retryMs);
    return pause;
  }
}
