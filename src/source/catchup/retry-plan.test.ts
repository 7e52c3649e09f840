import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { RetryPlan } from './retry-plan.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const { signal } = new AbortController();
const lost = new GraphkeepError('peer.closed', 'lost');

/** Number of attempts until the plan gives up, at most 100, if each breaks off after 3 s and brings this many bytes. */
async function countAttempts(bytesPerAttempt: number): Promise<number> {
  const plan = new RetryPlan({ maxTimeMs: 120_000, maxWaitMs: 1 }, signal, () => {});
  for (let attempt = 1; attempt <= 100; attempt++) {
    vi.advanceTimersByTime(3000);
    plan.noteProgress(bytesPerAttempt);
    try {
      await plan.pause(lost);
    } catch (error) {
      expect(error).toBe(lost);
      return attempt;
    }
  }
  return 100;
}

describe('a connection that breaks off again and again', () => {
  it('a connection that breaks off again and again is given up in time if it brings nothing, or next to nothing', async () => {
    expect(await countAttempts(0)).toBeLessThan(50);
    expect(await countAttempts(300)).toBeLessThan(50);
  });

  it('a connection that breaks off again and again continues if it brings enough', async () => {
    expect(await countAttempts(30_000)).toBe(100);
  });
});
