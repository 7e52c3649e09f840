/** A source that fails is asked again after this time, then after twice as long, and so on, in milliseconds. */
const RETRY_MS = { first: 1000, most: 60_000 };

/** Decides when the next backup of a followed source begins. All times in milliseconds. */
export class FollowPace {
  private readonly intervalMs: number;
  private retryMs = RETRY_MS.first;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /**
   * The pause after a backup that took `tookMs`. What is committed just after it has read the log is safe at the end of the next one, two
   * backups and a pause later: together they take the interval. A backup that is slower than that still leaves others half of the time to
   * read the target.
   */
  pauseAfter(tookMs: number): number {
    this.retryMs = RETRY_MS.first;
    return Math.max(this.intervalMs - 2 * tookMs, tookMs, Math.min(this.intervalMs, 50));
  }

  /** The pause after a failure. */
  pauseAfterFailure(): number {
    const pause = this.retryMs;
    this.retryMs = Math.min(RETRY_MS.most, 2 * this.retryMs);
    return pause;
  }
}
