import { throwIfCancelled } from '../../../src/base/cancellation.ts';
import type { RetryMeans } from '../../../src/objects/retry.ts';

/** A clock that only pauses move on: they take no time. */
export class PretendedTime implements RetryMeans {
  readonly pauses: number[] = [];
  readonly random: () => number;
  private elapsedMs = 0;

  constructor(random: () => number = () => 0.5) {
    this.random = random;
  }

  nowMs(): number {
    return this.elapsedMs;
  }

  async sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    this.pauses.push(delayMs);
    this.elapsedMs += delayMs;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
