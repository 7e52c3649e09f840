import { cancelledError } from '../../base/cancellation.ts';
import { type GraphkeepError, hasCode } from '../../base/errors.ts';
import { sleep } from '../../base/timers.ts';
import { LEAST_BYTES_PER_SECOND } from '../progress-watch.ts';

export interface RetryLimits {
  /** No new attempt later than this after the first failure without progress. */
  maxTimeMs: number;
  /** Longest pause. */
  maxWaitMs: number;
}

/** The first pause; each further one is twice as long (spec catchup-protocol 16). */
const FIRST_WAIT_MS = 1;

/** Waits between the attempts of one request, and decides whether to try again. */
export class RetryPlan {
  private readonly limits: RetryLimits;
  private readonly signal: AbortSignal;
  private readonly onRetry: (error: GraphkeepError, attempt: number) => void;
  private beganMs = performance.now();
  private bytes = 0;
  private failedAtMs: number | undefined;
  private waitMs = FIRST_WAIT_MS;
  private attempt = 1;

  /** `onRetry`: called before each pause; `attempt` counts from 1. */
  constructor(limits: RetryLimits, signal: AbortSignal, onRetry: (error: GraphkeepError, attempt: number) => void) {
    this.limits = limits;
    this.signal = signal;
    this.onRetry = onRetry;
  }

  /**
   * The last attempt brought `bytes` more bytes. If that is enough for the elapsed time, the time limit restarts: a peer that breaks off
   * after every few bytes must not occupy us for ever.
   */
  noteProgress(bytes: number): void {
    this.bytes += bytes;
    const sinceMs = performance.now() - this.beganMs;
    if (bytes === 0 || (this.bytes * 1000) / sinceMs < LEAST_BYTES_PER_SECOND) return;
    this.beganMs = performance.now();
    this.bytes = 0;
    this.failedAtMs = undefined;
    this.waitMs = FIRST_WAIT_MS;
    this.attempt = 1;
  }

  /** Resolves when it is time for the next attempt; throws `error` if there is none, `cancelled` if the command was interrupted. */
  async pause(error: unknown): Promise<void> {
    if (this.signal.aborted) throw cancelledError(this.signal);
    if (!isWorthAnother(error)) throw error;
    this.failedAtMs ??= performance.now();
    if (performance.now() + this.waitMs - this.failedAtMs > this.limits.maxTimeMs) throw error;
    this.onRetry(error, this.attempt++);
    await sleep(this.waitMs, this.signal);
    this.waitMs = Math.min(this.waitMs * 2, this.limits.maxWaitMs);
  }
}

/** True for problems that may pass: a lost connection, a member that restarts or is behind. Wrong bytes stay wrong. */
function isWorthAnother(error: unknown): error is GraphkeepError {
  return hasCode(error, 'peer.closed', 'peer.timeout', 'peer.unreachable', 'peer.failure', 'tls.closed', 'tls.timeout');
}
