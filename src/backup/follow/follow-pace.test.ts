import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FollowPace } from './follow-pace.ts';

const INTERVAL_MS = 1000;
const pauseAfter = (tookMs: number, intervalMs = INTERVAL_MS) => new FollowPace(intervalMs).pauseAfter(tookMs);
const times = fc.nat({ max: 10_000_000 });

describe('the pause after a backup', () => {
  it('ends so early that the next backup is complete within the interval', () => {
    expect(pauseAfter(10)).toBe(980);
    expect(pauseAfter(200)).toBe(600);
    const shortOnes = fc.tuple(times, fc.double({ min: 0, max: 1 / 3, noNaN: true }));
    fc.assert(
      fc.property(shortOnes, ([intervalMs, part]) => {
        const tookMs = part * intervalMs;
        expect(2 * tookMs + pauseAfter(tookMs, intervalMs)).toBeLessThanOrEqual(intervalMs + 1e-6);
      }),
    );
  });

  it('leaves others as much time to read the target as it was locked', () => {
    expect(pauseAfter(400)).toBe(400);
    expect(pauseAfter(900)).toBe(900);
  });

  it('is never longer than the interval: a full backup of hours leaves much to fetch', () => {
    expect(pauseAfter(3 * 3_600_000)).toBe(INTERVAL_MS);
    fc.assert(fc.property(times, times, (tookMs, intervalMs) => pauseAfter(tookMs, intervalMs) <= intervalMs));
  });
});
