import { throwIfCancelled } from '../base/cancellation.ts';
import { hasCode } from '../base/errors.ts';
import { sleep } from '../base/timers.ts';
import { ObjectUnavailable } from './object-errors.ts';

/** How long and how often to try again; the same for every store. */
export interface RetryPolicy {
  /** No attempt begins later than this after the first one, or after the last progress. */
  readonly deadlineMs: number;
  /** The first pause. Each further one is twice as long, up to the longest one. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

const USUAL_RETRIES: RetryPolicy = { deadlineMs: 300_000, firstPauseMs: 200, longestPauseMs: 20_000 };

/** What retrying needs from the world. */
export interface RetryMeans {
  /** A clock that never goes back. */
  nowMs(): number;
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
}

const usualMeans: RetryMeans = { nowMs: () => performance.now(), sleep, random: Math.random };

/**
 * Tries again what failed with `object.unavailable`, with longer and longer pauses. Half of each pause is random, so that many who failed
 * at the same time do not come back at the same time; it is never shorter than the store wants (`Retry-After`). Every other error is final.
 */
export class Retries {
  private readonly policy: RetryPolicy;
  private readonly means: RetryMeans;

  constructor(policy: RetryPolicy = USUAL_RETRIES, means: RetryMeans = usualMeans) {
    this.policy = policy;
    this.means = means;
  }

  /**
   * @param attempt calls `progressed` when it got further than all attempts before it: time and pauses then begin anew
   * @throws GraphkeepError the last error, which says how often it was tried; `cancelled`
   */
  async run<T>(attempt: (progressed: () => void) => Promise<T>, signal: AbortSignal): Promise<T> {
    let beginMs = this.means.nowMs();
    let pauses = 0;
    let attempts = 0;
    const progressed = (): void => {
      beginMs = this.means.nowMs();
      pauses = 0;
    };
    for (;;) {
      throwIfCancelled(signal);
      attempts++;
      try {
        return await attempt(progressed);
      } catch (error) {
        throwIfCancelled(signal);
        if (!hasCode(error, 'object.unavailable')) throw error;
        const pauseMs = Math.max(this.pauseMs(pauses++), wantedPauseMs(error));
        if (this.means.nowMs() + pauseMs - beginMs > this.policy.deadlineMs) throw givenUp(error, attempts);
        await this.means.sleep(pauseMs, signal);
      }
    }
  }

  private pauseMs(earlier: number): number {
    const longest = Math.min(this.policy.longestPauseMs, this.policy.firstPauseMs * 2 ** earlier);
    return (longest / 2) * (1 + this.means.random());
  }
}

function wantedPauseMs(error: unknown): number {
  return (error instanceof ObjectUnavailable ? error.retryAfterMs : undefined) ?? 0;
}

function givenUp(error: unknown, attempts: number): unknown {
  if (attempts === 1 || !(error instanceof ObjectUnavailable)) return error;
  const { message, place, observed, hint, retryAfterMs } = error;
  return new ObjectUnavailable(`${message}, tried ${attempts} times`, {
    ...(place === undefined ? {} : { place }),
    ...(observed === undefined ? {} : { observed }),
    hint,
    retryAfterMs,
    cause: error,
  });
}
