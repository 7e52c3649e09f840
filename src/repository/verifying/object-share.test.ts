import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ObjectShare } from './object-share.ts';

const day = (n: number) => new Date(Date.UTC(2026, 10, 30 + n, n % 24));
const keys = Array.from({ length: 5000 }, (_, i) => `db/neo4j/timeline/log/${i}`);

it('a share of the objects is about as large as it should be, and another one the next day', () => {
  for (const percent of [1, 10, 50]) {
    const today = keys.filter((key) => new ObjectShare(percent, day(0)).includes(key));
    expect(Math.abs(today.length / keys.length - percent / 100)).toBeLessThan(0.02);
    const tomorrow = new ObjectShare(percent, day(1));
    expect(today.filter((key) => tomorrow.includes(key))).toEqual([]);
  }
});

it('shares of some days in a row have every object', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 50_000 }),
      fc.string(),
      (percent, first, key) => {
        const days = Array.from(
          { length: Math.ceil(100 / percent) },
          (_, n) => new ObjectShare(percent, day(first + n)),
        );
        const times = days.filter((share) => share.includes(key)).length;
        // Where the days do not divide 100, the last one begins anew.
        expect([1, 100 % percent === 0 ? 1 : 2]).toContain(times);
      },
    ),
  );
});

it('all objects are in a share of 100 percent', () => {
  const all = new ObjectShare(100, day(3));
  expect(keys.filter((key) => !all.includes(key))).toEqual([]);
});
