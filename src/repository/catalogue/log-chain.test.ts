import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLogChain, segmentsBetween } from './log-chain.ts';
import type { SegmentName } from './segment-name.ts';

/** Every transaction has one checksum, as in a history that did not fork. */
const checksumOf = (id: number) => BigInt(id) * 7919n;

function nameOf(first: number, last: number, change: Partial<SegmentName> = {}): SegmentName {
  return {
    first,
    last,
    piece: 0,
    isLastPiece: true,
    newestCommit: new Date(1000 * last),
    checksum: checksumOf(last),
    digest: '0'.repeat(32),
    isEncrypted: false,
    ...change,
  };
}

const rangesOf = (names: SegmentName[]) => findLogChain(names).runs.map(({ first, last }) => [first, last]);

const anySegment = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }))
  .map(([first, more]) => nameOf(first, first + more));

describe('the chain of a log', () => {
  it('segments that follow each other are one run', () => {
    expect(rangesOf([nameOf(11, 20), nameOf(1, 10), nameOf(21, 21)])).toEqual([[1, 21]]);
  });

  it('a gap separates two runs', () => {
    expect(rangesOf([nameOf(1, 10), nameOf(12, 20)])).toEqual([
      [1, 10],
      [12, 20],
    ]);
  });

  it('nothing has no runs', () => {
    expect(findLogChain([])).toEqual({ runs: [], unfinished: [], conflicts: [] });
  });

  it('a large transaction counts once its last piece and all before it are there', () => {
    const pieces = [0, 1, 2].map((piece) => nameOf(5, 5, { piece, isLastPiece: piece === 2 }));
    const around = [nameOf(1, 4), nameOf(6, 9)];
    expect(rangesOf([...pieces, ...around])).toEqual([[1, 9]]);
    for (const missing of pieces) {
      const rest = pieces.filter((piece) => piece !== missing);
      const { runs, unfinished } = findLogChain([...rest, ...around]);
      expect(runs.map(({ first, last }) => [first, last])).toEqual([
        [1, 4],
        [6, 9],
      ]);
      expect(unfinished).toEqual(rest);
    }
  });

  it('a piece that was sent twice is read once', () => {
    const twice = [
      nameOf(5, 5, { isLastPiece: false, digest: 'b' }),
      nameOf(5, 5, { isLastPiece: false, digest: 'a' }),
    ];
    const { runs } = findLogChain([...twice, nameOf(5, 5, { piece: 1 })]);
    expect(runs[0]!.segments[0]!.names.map(({ piece, digest }) => `${piece}${digest[0]}`)).toEqual(['0a', '10']);
  });

  it('two segments that end with different checksums are a conflict', () => {
    const [one, other] = [nameOf(1, 10), nameOf(5, 10, { checksum: 3n })];
    expect(findLogChain([one, other]).conflicts).toHaveLength(1);
    expect(findLogChain([one, nameOf(5, 10)]).conflicts).toEqual([]);
  });

  it('the time of a run is its newest commit, wherever that is', () => {
    const { runs } = findLogChain([nameOf(1, 10, { newestCommit: new Date(99_000) }), nameOf(11, 20)]);
    expect(runs[0]!.newestCommit).toEqual(new Date(99_000));
  });

  it('the runs hold every transaction that a segment holds, and are read without a gap', () => {
    fc.assert(
      fc.property(fc.array(anySegment, { maxLength: 25 }), (names) => {
        const held = new Set(names.flatMap(({ first, last }) => range(first, last)));
        const { runs, conflicts } = findLogChain(names);
        expect(conflicts).toEqual([]);
        expect(new Set(runs.flatMap(({ first, last }) => range(first, last)))).toEqual(held);
        for (const run of runs) {
          expect(held.has(run.first - 1) || held.has(run.last + 1)).toBe(false);
          let reached = run.first - 1;
          for (const { first, last, names: pieces } of run.segments) {
            expect(first).toBeLessThanOrEqual(reached + 1);
            expect(last).toBeGreaterThan(reached);
            expect(names).toContain(pieces[0]);
            reached = last;
          }
          expect([reached, run.checksum]).toEqual([run.last, checksumOf(run.last)]);
        }
      }),
    );
  });

  it('segments between two transactions hold all of them, and no segment is read for nothing', () => {
    fc.assert(
      fc.property(
        fc.array(anySegment, { maxLength: 25 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 30 }),
        (names, from, more) => {
          const wanted = range(from, from + more);
          const held = new Set(names.flatMap(({ first, last }) => range(first, last)));
          const found = segmentsBetween(findLogChain(names), from, from + more);
          expect(found !== undefined).toBe(wanted.every((id) => held.has(id)));
          if (found === undefined) return;
          const read = new Set(found.flatMap(({ first, last }) => range(first, last)));
          expect(wanted.every((id) => read.has(id))).toBe(true);
          for (const { first, last } of found) expect(wanted.some((id) => id >= first && id <= last)).toBe(true);
        },
      ),
    );
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
