import { expect, it } from 'vitest';
import { findLogChain } from './log-chain.ts';
import { findGaps } from './log-gaps.ts';
import type { SegmentName } from './segment-name.ts';

const segment = ([first, last]: readonly [number, number]): SegmentName => ({
  first,
  last,
  piece: 0,
  isLastPiece: true,
  newestCommit: new Date(0),
  checksum: BigInt(last),
  digest: 'a'.repeat(32),
  isEncrypted: false,
});
const gapsOf = (bases: number[], ...segments: [number, number][]) =>
  findGaps(bases, findLogChain(segments.map(segment))).map(({ first, last }) => [first, last]);

it('a log that goes on behind its first base has no gap, nor one that began before it', () => {
  expect(gapsOf([10], [11, 12], [13, 20])).toEqual([]);
  expect(gapsOf([10], [5, 12], [12, 20])).toEqual([]);
  expect(gapsOf([10])).toEqual([]);
  expect(gapsOf([])).toEqual([]);
});

it('transactions that are missing behind a base or in the log are a gap', () => {
  expect(gapsOf([10], [12, 20])).toEqual([[11, 11]]);
  expect(gapsOf([10], [11, 12], [15, 20], [22, 30])).toEqual([
    [13, 14],
    [21, 21],
  ]);
});

it('what was pruned before a later base is no gap', () => {
  expect(gapsOf([10, 40], [41, 50])).toEqual([]);
  expect(gapsOf([10, 40], [11, 12], [38, 50])).toEqual([]);
  expect(gapsOf([10, 40], [11, 12], [43, 50])).toEqual([[13, 42]]);
});
