import { describe, expect, it } from 'vitest';
import { PretendedTime } from '../../test/support/objects/pretended-time.ts';
import { GraphkeepError } from '../base/errors.ts';
import { ObjectUnavailable } from './object-errors.ts';
import { Retries } from './retry.ts';

const never = new AbortController().signal;
const policy = { deadlineMs: 60_000, firstPauseMs: 100, longestPauseMs: 5000 };
const unavailable = (retryAfterMs?: number) =>
  new ObjectUnavailable('busy', { observed: 503, retryAfterMs, place: { object: 's3://b/k' } });

/** Fails so often, then succeeds. */
function failing(times: number, error: unknown) {
  let calls = 0;
  return { attempt: async () => (calls++ < times ? Promise.reject(error) : 'done'), count: () => calls };
}

describe('trying again', () => {
  it('an attempt is made again after longer and longer pauses, half of each at random', async () => {
    const least = new PretendedTime(() => 0);
    expect(await new Retries(policy, least).run(failing(8, unavailable()).attempt, never)).toBe('done');
    expect(least.pauses).toEqual([50, 100, 200, 400, 800, 1600, 2500, 2500]);
    const most = new PretendedTime(() => 1);
    await new Retries(policy, most).run(failing(8, unavailable()).attempt, never);
    expect(most.pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('a pause is as long as the store wants', async () => {
    const time = new PretendedTime(() => 0);
    await new Retries(policy, time).run(failing(2, unavailable(7000)).attempt, never);
    expect(time.pauses).toEqual([7000, 7000]);
  });

  it('after the deadline the last error is thrown, and says how often it was tried', async () => {
    const time = new PretendedTime(() => 1);
    const { attempt, count } = failing(1e6, unavailable());
    const error: GraphkeepError = await new Retries(policy, time).run(attempt, never).catch((thrown) => thrown);
    expect(time.nowMs()).toBeLessThanOrEqual(policy.deadlineMs);
    expect(time.nowMs()).toBeGreaterThan(policy.deadlineMs - policy.longestPauseMs);
    expect(error).toMatchObject({ code: 'object.unavailable', observed: 503, place: { object: 's3://b/k' } });
    expect(error.message).toBe(`busy, tried ${count()} times`);
  });

  it('a pause that the deadline forbids is not begun', async () => {
    const time = new PretendedTime(() => 0);
    const run = new Retries(policy, time).run(failing(1, unavailable(policy.deadlineMs + 1)).attempt, never);
    await expect(run).rejects.toThrow(/^busy$/);
    expect(time.pauses).toEqual([]);
  });

  it('progress begins the time anew', async () => {
    const time = new PretendedTime(() => 1);
    let calls = 0;
    const result = new Retries(policy, time).run(async (progressed) => {
      if (calls++ === 50) return calls;
      progressed();
      throw unavailable();
    }, never);
    expect(await result).toBe(51);
    expect(new Set(time.pauses)).toEqual(new Set([100]));
  });

  it('every other error is final', async () => {
    for (const error of [new GraphkeepError('object.denied', 'no'), new TypeError('mistake')]) {
      const { attempt, count } = failing(1, error);
      await expect(new Retries(policy, new PretendedTime()).run(attempt, never)).rejects.toBe(error);
      expect(count()).toBe(1);
    }
  });

  it('a pause ends when the command is cancelled', async () => {
    const controller = new AbortController();
    const run = new Retries({ ...policy, firstPauseMs: 1e6, longestPauseMs: 1e6, deadlineMs: 1e9 }).run(() => {
      setImmediate(() => controller.abort());
      return Promise.reject(unavailable());
    }, controller.signal);
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });
});
