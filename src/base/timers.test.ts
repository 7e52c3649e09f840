import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sleep, startTimer } from './timers.ts';

const HOUR_MS = 3_600_000;
const LIMIT_MS = 2 ** 31 - 1;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a timer', () => {
  it.each([0, 1, 1000, LIMIT_MS, LIMIT_MS + 1, 1000 * HOUR_MS, 2_147_483_647 * HOUR_MS])(
    'a timer goes off after %d ms, not before',
    (delayMs) => {
      const action = vi.fn();
      startTimer(action, delayMs);
      if (delayMs > 2) {
        vi.advanceTimersByTime(Math.min(delayMs - 2, 100 * LIMIT_MS));
        expect(action).not.toHaveBeenCalled();
      }
      if (delayMs > 100 * LIMIT_MS) return;
      // Each round may be rounded up by less than a millisecond.
      vi.advanceTimersByTime(10);
      expect(action).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('a timer without an end never goes off', () => {
    const action = vi.fn();
    startTimer(action, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(100 * LIMIT_MS);
    expect(action).not.toHaveBeenCalled();
  });

  it('a timer can be cleared in any round', () => {
    const action = vi.fn();
    const timer = startTimer(action, 3 * LIMIT_MS);
    vi.advanceTimersByTime(1.5 * LIMIT_MS);
    clearTimeout(timer);
    vi.advanceTimersByTime(10 * LIMIT_MS);
    expect(action).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a pause', () => {
  beforeEach(() => {
    vi.useRealTimers();
  });

  it('a pause ends, or is cancelled, even a long one', async () => {
    await sleep(1, new AbortController().signal);
    const controller = new AbortController();
    const long = sleep(1000 * HOUR_MS, controller.signal);
    let isOver = false;
    void long.then(
      () => (isOver = true),
      () => {},
    );
    await sleep(20, new AbortController().signal);
    expect(isOver).toBe(false);
    controller.abort('SIGTERM');
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    await expect(sleep(1, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
