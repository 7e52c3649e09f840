import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStampedId } from './object-keys.ts';
import { planRetention, type RetainedBase, type RetentionPolicy } from './retention-plan.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function baseAt(began: string | Date, transaction: number, change: Partial<RetainedBase> = {}): RetainedBase {
  const time = new Date(began);
  const id = formatStampedId({ began: time, random: '00000000' });
  return { id, began: time, transaction, newestCommit: time, isHeld: false, restores: true, ...change };
}

const keptOf = (bases: RetainedBase[], policy: RetentionPolicy) =>
  planRetention(bases, policy).bases.flatMap(({ base, reasons }) => (reasons.length > 0 ? [base] : []));

const history = fc
  .array(
    fc.record({
      hours: fc.integer({ min: 1, max: 500 }),
      transactions: fc.nat(50),
      isHeld: fc.boolean(),
      restores: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
    }),
    { maxLength: 25 },
  )
  .map((steps) => {
    let time = Date.UTC(2026, 0, 1);
    let transaction = 1;
    return steps.map(({ hours, transactions, isHeld, restores }) => {
      time += hours * HOUR_MS;
      transaction += transactions;
      return baseAt(new Date(time), transaction, { isHeld, restores });
    });
  });

const count = fc.option(fc.nat(4), { nil: undefined });
const span = fc.option(fc.integer({ min: 0, max: 60 * DAY_MS }), { nil: undefined });
const policy = fc
  .record({
    keepLast: count,
    keepWithinMs: span,
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    keepYearly: count,
    pointInTimeMs: span,
    minimumBases: count,
  })
  .map(
    (rules) => Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined)) as RetentionPolicy,
  );

describe('what a repository keeps', () => {
  it('a base that restores is always left, and the minimum of them if there are as many', () => {
    fc.assert(
      fc.property(history, policy, (bases, rules) => {
        const sound = bases.filter(({ restores }) => restores);
        const kept = keptOf(bases, rules).filter(({ restores }) => restores);
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(sound.length, Math.max(1, rules.minimumBases ?? 0)));
        if (sound.length > 0) expect(kept).toContain(sound.at(-1));
      }),
    );
  });

  it('every moment of the window before the newest base has a base and all of the log after it', () => {
    fc.assert(
      fc.property(history, policy, (bases, rules) => {
        const { logUpTo } = planRetention(bases, rules);
        const newest = bases.findLast(({ restores }) => restores);
        if (newest === undefined) {
          expect(logUpTo).toBeUndefined();
          return;
        }
        const kept = keptOf(bases, rules);
        const since = newest.newestCommit.getTime() - (rules.pointInTimeMs ?? 0);
        const sound = bases.filter(({ restores }) => restores);
        const start = sound.findLast(({ newestCommit }) => newestCommit.getTime() <= since) ?? sound[0]!;
        if (rules.pointInTimeMs !== undefined) {
          expect(kept).toContain(start);
          expect(logUpTo).toBeLessThanOrEqual(start.transaction);
        }
        // Whatever is kept of the log continues some base that is kept.
        expect(kept.some(({ transaction, restores }) => restores && transaction === logUpTo)).toBe(true);
        expect(logUpTo).toBeLessThanOrEqual(newest.transaction);
      }),
    );
  });

  it('a base that is older than the newest is not missed when newer ones come, as long as its rule holds', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 60 }), fc.nat(6), (bases, days, added) => {
        const rules = { keepWithinMs: days * DAY_MS };
        const earlier = keptOf(bases.slice(0, Math.max(1, bases.length - added)), rules);
        const later = keptOf(bases, rules);
        const newest = bases.findLast(({ restores }) => restores);
        for (const base of earlier) {
          const isStillWithin =
            newest !== undefined && base.began.getTime() >= newest.began.getTime() - rules.keepWithinMs;
          if (isStillWithin && base.restores) expect(later).toContain(base);
        }
      }),
    );
  });

  it('a base goes only if no rule names it', () => {
    fc.assert(
      fc.property(history, policy, (bases, rules) => {
        for (const { base, reasons } of planRetention(bases, rules).bases) {
          if (base.isHeld) expect(reasons).toContain('held');
          if (!base.restores && !base.isHeld) expect(reasons).toEqual([]);
          expect(new Set(reasons).size).toBe(reasons.length);
        }
        const sound = bases.filter(({ restores }) => restores);
        for (const base of sound.slice(-(rules.keepLast ?? 0) || sound.length)) {
          if ((rules.keepLast ?? 0) > 0) expect(keptOf(bases, rules)).toContain(base);
        }
      }),
    );
  });

  const days = Array.from({ length: 40 }, (_, day) => baseAt(new Date(Date.UTC(2026, 9, 1 + day, 2)), 100 * (day + 1)));
  const daysOf = (bases: RetainedBase[]) => bases.map(({ began }) => began.toISOString().slice(5, 10));

  it('of each day, week, month and year the newest base is kept', () => {
    expect(daysOf(keptOf(days, { keepDaily: 3 }))).toEqual(['11-07', '11-08', '11-09']);
    // Mondays are 2, 9 November and 26 October.
    expect(daysOf(keptOf(days, { keepWeekly: 3 }))).toEqual(['11-01', '11-08', '11-09']);
    expect(daysOf(keptOf(days, { keepMonthly: 5 }))).toEqual(['10-31', '11-09']);
    expect(daysOf(keptOf(days, { keepYearly: 1 }))).toEqual(['11-09']);
    const twice = [...days, baseAt('2026-11-09T20:00:00Z', 5000)];
    expect(daysOf(keptOf(twice, { keepDaily: 2 }))).toEqual(['11-08', '11-09']);
    expect(keptOf(twice, { keepDaily: 2 })).toContain(twice.at(-1));
  });

  it('old monthly bases need no log between them', () => {
    const { logUpTo } = planRetention(days, { keepMonthly: 12, pointInTimeMs: 7 * DAY_MS });
    expect(logUpTo).toBe(days.find(({ began }) => began.toISOString().startsWith('2026-11-02'))!.transaction);
  });

  it('a backup that has stopped deletes nothing more', () => {
    const rules = { keepWithinMs: 7 * DAY_MS };
    expect(daysOf(keptOf(days, rules))).toEqual([
      '11-02',
      '11-03',
      '11-04',
      '11-05',
      '11-06',
      '11-07',
      '11-08',
      '11-09',
    ]);
  });

  it('a base that does not restore takes no place', () => {
    const broken = [...days.slice(0, -1), { ...days.at(-1)!, restores: false }];
    expect(daysOf(keptOf(broken, { keepLast: 2 }))).toEqual(['11-07', '11-08']);
  });
});
