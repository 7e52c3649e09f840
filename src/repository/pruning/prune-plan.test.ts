import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLogChain } from '../catalogue/log-chain.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { formatMarkName, type MarkName } from '../catalogue/mark-name.ts';
import { formatStampedId } from '../catalogue/object-keys.ts';
import { findRanges, type RestorableRange } from '../catalogue/restorable-ranges.ts';
import type { RetentionPolicy } from '../catalogue/retention-plan.ts';
import { formatSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import type { TimelineHistory } from '../reading/database-history.ts';
import { type PrunePlan, planPrune } from './prune-plan.ts';

const DAY_MS = 86_400_000;
const timeOf = (transaction: number) => new Date(Date.UTC(2026, 0, 1) + transaction * (DAY_MS / 4));

/** Steps of a history: segments of so many transactions, further bases, and new timelines. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { weight: 2, arbitrary: fc.constant('base' as const) },
    { weight: 1, arbitrary: fc.constant('timeline' as const) },
  ),
  { maxLength: 40 },
);

function historiesOf(script: readonly (number | 'base' | 'timeline')[]): TimelineHistory[] {
  const histories: { id: string; bases: Manifest[]; names: SegmentName[] }[] = [];
  let transaction = 1;
  let second = 0;
  const nextId = () =>
    formatStampedId({ began: new Date(timeOf(transaction).getTime() + ++second * 1000), random: '00000000' });
  const addBase = () => {
    const { id: timeline, bases } = histories.at(-1)!;
    const point = { transaction, checksum: 0n, commitTime: timeOf(transaction) };
    bases.push({ id: nextId(), timeline, consistentAt: point, newestCommit: timeOf(transaction) } as Manifest);
  };
  const addTimeline = () => {
    histories.push({ id: nextId(), bases: [], names: [] });
    addBase();
  };
  addTimeline();
  for (const step of script) {
    if (step === 'base') addBase();
    else if (step === 'timeline') addTimeline();
    else {
      const first = transaction + 1;
      transaction += step;
      const newestCommit = timeOf(transaction);
      const rest = { piece: 0, isLastPiece: true, checksum: 0n, digest: 'a'.repeat(32), isEncrypted: false };
      histories.at(-1)!.names.push({ first, last: transaction, newestCommit, ...rest });
    }
  }
  return histories.map(({ id, bases, names }) => ({
    timeline: { id } as TimelineHistory['timeline'],
    bases,
    chain: findLogChain(names),
    logObjects: 0,
    logBytes: 0,
    marks: [],
  }));
}

/** What is there after a plan was carried out. */
function carryOut(histories: readonly TimelineHistory[], { bases, segments }: PrunePlan): TimelineHistory[] {
  const kept = new Set(bases.filter(({ reasons }) => reasons.length > 0).map(({ manifest }) => manifest.id));
  return histories.map((history) => {
    const gone = new Set(segments.get(history.timeline.id));
    const names = history.chain.runs.flatMap((run) => run.segments.flatMap((segment) => segment.names));
    return {
      ...history,
      bases: history.bases.filter(({ id }) => kept.has(id)),
      chain: findLogChain(names.filter((name) => !gone.has(formatSegmentName(name)))),
    };
  });
}

const rangesOf = ({ bases, chain }: TimelineHistory): RestorableRange[] =>
  findRanges(
    bases.map(({ consistentAt, newestCommit }) => ({ transaction: consistentAt.transaction, newestCommit })),
    chain,
  );
const reaches = (ranges: readonly RestorableRange[], id: number) =>
  ranges.some(({ first, last }) => first <= id && id <= last);

const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record(
    {
      keepLast: fc.integer({ min: 1, max: 4 }),
      keepDaily: fc.nat(3),
      pointInTimeMs: fc.integer({ min: 0, max: 20 * DAY_MS }),
    },
    { requiredKeys: [] },
  )
  .map((policy) => ({ ...policy, minimumBases: 2 }));

describe('a plan to prune', () => {
  it('a plan to prune keeps two bases, and the newest moment', () => {
    fc.assert(
      fc.property(steps, policies, (script, policy) => {
        const histories = historiesOf(script);
        const count = histories.flatMap(({ bases }) => bases).length;
        const left = carryOut(histories, planPrune(histories, policy));
        expect(left.flatMap(({ bases }) => bases).length).toBeGreaterThanOrEqual(Math.min(2, count));
        const newest = rangesOf(histories.at(-1)!).at(-1)!.last;
        expect(reaches(rangesOf(left.at(-1)!), newest)).toBe(true);
      }),
    );
  });

  it('a plan to prune keeps every moment of its window that there was', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 20 * DAY_MS }), (script, pointInTimeMs) => {
        const histories = historiesOf(script);
        const left = carryOut(histories, planPrune(histories, { pointInTimeMs, minimumBases: 2 }));
        const newestBase = histories.flatMap(({ bases }) => bases).at(-1)!;
        const since = newestBase.newestCommit.getTime() - pointInTimeMs;
        histories.forEach((history, i) => {
          const before = rangesOf(history);
          const now = rangesOf(left[i]!);
          // At the very beginning of the window a newer timeline may have the moment in place of this one.
          const anywhere = left.flatMap(rangesOf);
          for (const { first, last } of before)
            for (let id = first; id <= last; id++) {
              const time = timeOf(id).getTime();
              if (time >= since) expect(reaches(time > since ? now : anywhere, id), `transaction ${id}`).toBe(true);
            }
        });
      }),
    );
  });

  it('a plan to prune carried out twice removes nothing more', () => {
    fc.assert(
      fc.property(steps, policies, (script, policy) => {
        const left = carryOut(historiesOf(script), planPrune(historiesOf(script), policy));
        const again = planPrune(left, policy);
        expect(again.bases.filter(({ reasons }) => reasons.length === 0)).toEqual([]);
        expect([...again.segments.values()].flat()).toEqual([]);
      }),
    );
  });

  it('a plan to prune never gives up a held base, and keeps the same others as without the hold', () => {
    fc.assert(
      fc.property(steps, policies, fc.infiniteStream(fc.constantFrom('hold', 'release', undefined)), (...given) => {
        const [script, policy, words] = given;
        const held = new Set<string>();
        const histories = historiesOf(script).map((history) => {
          const marks = history.bases.flatMap(({ id: base }): MarkName[] => {
            const kind = words.next().value as 'hold' | 'release' | undefined;
            if (kind === undefined) return [];
            if (kind === 'hold') held.add(base);
            // The last word counts.
            const former = kind === 'hold' ? 'release' : 'hold';
            return [
              { base, kind, id: '20270101T000001Z-00000000' },
              { base, kind: former, id: '20270101T000000Z-00000000' },
            ];
          });
          return { ...history, marks };
        });
        const { bases } = planPrune(histories, policy);
        const without = planPrune(historiesOf(script), policy).bases;
        bases.forEach(({ manifest, reasons }, i) => {
          const rules = reasons.filter((reason) => reason !== 'held');
          expect(reasons.includes('held')).toBe(held.has(manifest.id));
          expect(rules).toEqual(without[i]!.reasons);
        });
      }),
    );
  });

  it('marks of bases that are gone go, and what a newer mark says again', () => {
    const [history] = historiesOf([5, 'base', 5]);
    const [first] = history!.bases;
    const at = (second: number) => `20270101T00000${second}Z-00000000`;
    const mark = (kind: MarkName['kind'], second: number, base = first!.id): MarkName => ({
      base,
      kind,
      id: at(second),
    });
    const kept = [mark('verified', 5), mark('key', 3), mark('proof', 1), mark('proof', 2), mark('hold', 0)];
    const gone = [
      mark('verified', 1),
      mark('verified', 4),
      mark('key', 2),
      mark('hold', 1, '20200101T000000Z-00000000'),
    ];
    const plan = planPrune([{ ...history!, marks: [...kept, ...gone] }], { minimumBases: 2 });
    expect([...plan.marks.get(history!.timeline.id)!].sort()).toEqual(gone.map(formatMarkName).sort());
  });

  it('a timeline of which nothing is kept goes with its log', () => {
    const histories = historiesOf([5, 'timeline', 5, 'base', 'base', 3]);
    const plan = planPrune(histories, { keepLast: 1, minimumBases: 2 });
    expect(plan.timelines).toEqual([histories[0]!.timeline.id]);
    expect(plan.segments.get(histories[0]!.timeline.id)).toHaveLength(1);
    expect(plan.bases.map(({ reasons }) => reasons.length > 0)).toEqual([false, false, true, true]);
  });
});
