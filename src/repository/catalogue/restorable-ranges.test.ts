import { expect, it } from 'vitest';
import { findLogChain } from './log-chain.ts';
import { findRanges } from './restorable-ranges.ts';
import type { SegmentName } from './segment-name.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
const base = (transaction: number) => ({ transaction, newestCommit: at(transaction) });
const segment = (first: number, last: number): SegmentName => ({
  first,
  last,
  piece: 0,
  isLastPiece: true,
  newestCommit: at(last),
  checksum: BigInt(last),
  digest: 'a'.repeat(32),
  isEncrypted: false,
});
const rangesOf = (bases: number[], ...segments: [number, number][]) =>
  findRanges(bases.map(base), findLogChain(segments.map(([first, last]) => segment(first, last)))).map(
    ({ first, last }) => [first, last],
  );

it('a base without a log can be restored as it is, and with one as far as that goes', () => {
  expect(rangesOf([10])).toEqual([[10, 10]]);
  expect(rangesOf([10], [11, 12], [13, 20])).toEqual([[10, 20]]);
  expect(rangesOf([])).toEqual([]);
});

it('a base in the middle of the log begins no range, one behind its end does', () => {
  expect(rangesOf([10, 15], [11, 12], [13, 20])).toEqual([[10, 20]]);
  expect(rangesOf([10, 15], [11, 12], [16, 20])).toEqual([
    [10, 12],
    [15, 20],
  ]);
});

it('a gap in the log ends a range', () => {
  expect(rangesOf([10], [11, 12], [14, 20])).toEqual([[10, 12]]);
});

it('times are those of the base and of the log', () => {
  const [range] = findRanges([base(10)], findLogChain([segment(11, 12)]));
  expect([range!.from, range!.until]).toEqual([at(10), at(12)]);
});
