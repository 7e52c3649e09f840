import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLogChain, type LogChain } from './log-chain.ts';
import { type BasePoint, type Moment, planRestore, type RestorePlan } from './restore-plan.ts';
import type { SegmentName } from './segment-name.ts';

/** One history: `times[i]` is the commit time of transaction i + 1. */
interface History {
  times: number[];
  bases: BasePoint[];
  chain: LogChain;
}

const stamp = (order: number) => `20261129T0203${String(order).padStart(2, '0')}Z-00000000`;

const newest = (times: number[], first: number, last: number) => new Date(Math.max(...times.slice(first - 1, last)));

function segmentOf(times: number[], first: number, last: number): SegmentName {
  const newestCommit = newest(times, first, last);
  return { first, last, piece: 0, isLastPiece: true, newestCommit, checksum: 0n, digest: '', isEncrypted: false };
}

function baseOf(times: number[], transaction: number, order: number): BasePoint {
  const newestCommit = newest(times, 1, transaction);
  return { id: stamp(order), timeline: 'only', transaction, checksum: 0n, newestCommit };
}

const history: fc.Arbitrary<History> = fc
  .record({
    // Nearly in order, as several writers commit at once.
    steps: fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 5, maxLength: 60 }),
    bases: fc.array(fc.nat(59), { minLength: 1, maxLength: 4 }),
    segments: fc.array(fc.tuple(fc.nat(59), fc.integer({ min: 0, max: 15 })), { maxLength: 30 }),
  })
  .map(({ steps, bases, segments }) => {
    const times: number[] = [];
    for (const step of steps) times.push(Math.max(0, (times.at(-1) ?? 100) + step));
    const within = (id: number) => Math.min(times.length, id + 1);
    return {
      times,
      bases: bases
        .map(within)
        .sort((one, other) => one - other)
        .map((transaction, order) => baseOf(times, transaction, order)),
      chain: findLogChain(segments.map(([first, more]) => segmentOf(times, within(first), within(first + more)))),
    };
  });

const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.constant({ kind: 'latest' as const }),
  fc.record({ kind: fc.constant('transaction' as const), transaction: fc.integer({ min: 1, max: 70 }) }),
  fc.record({ kind: fc.constant('time' as const), time: fc.integer({ min: 50, max: 600 }).map((ms) => new Date(ms)) }),
);

/** Where a restore by a plan ends. */
function follow({ base, segments, end }: RestorePlan, times: number[]): number {
  let reached = base.transaction;
  for (const { first, last } of segments) {
    expect(first).toBeLessThanOrEqual(reached + 1);
    expect(last).toBeGreaterThan(reached);
    for (; reached < last; reached++) {
      if (end !== undefined && 'before' in end && times[reached]! > end.before.getTime()) return reached;
      if (end !== undefined && 'transaction' in end && reached === end.transaction) return reached;
    }
  }
  return reached;
}

describe('a plan for a restore', () => {
  it('a plan leads to the moment, or says why there is none', () => {
    fc.assert(
      fc.property(history, moment, ({ times, bases, chain }, wanted) => {
        const plan = planRestore(bases, () => chain, wanted);
        const held = (id: number) => chain.runs.some(({ first, last }) => first <= id && id <= last);
        const reachable = (base: BasePoint) => {
          let last = base.transaction;
          while (held(last + 1)) last++;
          return last;
        };
        if ('kind' in plan) {
          if (plan.kind === 'too-early') {
            for (const base of bases) {
              if (wanted.kind === 'transaction') expect(base.transaction).toBeGreaterThan(wanted.transaction);
              else if (wanted.kind === 'time') expect(base.newestCommit > wanted.time).toBe(true);
            }
          } else if (plan.kind === 'not-reached' && wanted.kind === 'transaction') {
            expect(plan.last).toBe(reachable(plan.base));
            expect(wanted.transaction).toBeGreaterThan(plan.last);
          } else expect.unreachable(`${plan.kind} for ${wanted.kind}`);
          return;
        }
        const end = follow(plan, times);
        if (wanted.kind === 'latest') expect(end).toBe(reachable(plan.base));
        else if (wanted.kind === 'transaction') expect(end).toBe(wanted.transaction);
        else {
          const isEarly = (id: number) => times[id - 1]! <= wanted.time.getTime();
          expect(times.slice(0, end).every((_, i) => isEarly(i + 1))).toBe(true);
          expect(held(end + 1) && isEarly(end + 1)).toBe(false);
        }
        for (const base of bases.filter(({ id }) => id > plan.base.id)) {
          const isTooLate =
            wanted.kind === 'transaction'
              ? base.transaction > wanted.transaction
              : wanted.kind === 'time' && base.newestCommit > wanted.time;
          expect(isTooLate).toBe(true);
        }
      }),
    );
  });

  const times = [10, 20, 30, 40, 50, 60];
  const chain = findLogChain([segmentOf(times, 3, 4), segmentOf(times, 5, 6)]);
  const base = baseOf(times, 2, 0);

  it('without a base there is nothing to restore', () => {
    expect(planRestore([], () => chain, { kind: 'latest' })).toEqual({ kind: 'no-base' });
  });

  it('a base cannot go back behind its own last transaction', () => {
    const late = baseOf(times, 4, 1);
    expect(planRestore([late], () => chain, { kind: 'transaction', transaction: 3 })).toEqual({
      kind: 'too-early',
      oldest: late,
    });
  });

  it('a base needs no log for its own moment', () => {
    const plan = planRestore([base], () => chain, { kind: 'transaction', transaction: 2 });
    expect(plan).toEqual({ base, segments: [], end: undefined });
  });

  it('a segment that goes on after the moment is read up to it', () => {
    const plan = planRestore([base], () => chain, { kind: 'transaction', transaction: 5 });
    expect(plan).toMatchObject({ segments: [{ first: 3 }, { first: 5 }], end: { transaction: 5 } });
    const byTime = planRestore([base], () => chain, { kind: 'time', time: new Date(35) });
    expect(byTime).toMatchObject({ segments: [{ first: 3 }], end: { before: new Date(35) } });
  });

  it('the log of the timeline of the base is read, no other', () => {
    const other = { ...baseOf(times, 2, 1), timeline: 'other' };
    const plan = planRestore([base, other], (name) => (name === 'other' ? findLogChain([]) : chain), {
      kind: 'latest',
    });
    expect(plan).toEqual({ base: other, segments: [], end: undefined });
  });
});
