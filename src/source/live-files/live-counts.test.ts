import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { Counts, encodeCounts } from '../../store/counts/counts-store.ts';
import { findStartWithCounts } from './live-counts.ts';

let directory: string;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(directory));

const A = 'neostore.counts.db.a';
const B = 'neostore.counts.db.b';

/** Counts of as many nodes as the number of the transaction. */
function countsOf(transaction: number, minorVersion = 0, labels = 3): Buffer {
  const counts = new Counts(transaction, minorVersion);
  for (let label = 0; label < labels; label++) counts.addNodes(label, transaction);
  return encodeCounts(counts);
}

/** The counts file that is taken if the log goes on with `first` after its last check point. */
function taken(first: number | undefined, during: () => void = () => {}): string | undefined {
  const log = {
    findCopyStart: () => {
      during();
      return 'the start';
    },
    firstTransactionFrom: () => first,
  };
  const { start, counts } = findStartWithCounts(directory, log);
  expect(start).toBe('the start');
  return counts === undefined ? undefined : `${counts.name.at(-1)} of ${counts.transaction}`;
}

it('the counts that the last check point wrote are taken, and those of an earlier one are not', () => {
  expect(taken(5)).toBeUndefined();
  writeFileSync(join(directory, A), countsOf(9));
  expect([taken(10), taken(9), taken(11)]).toEqual(['a of 9', 'a of 9', undefined]);
  writeFileSync(join(directory, B), countsOf(4));
  expect([taken(10), taken(undefined)]).toEqual(['a of 9', 'a of 9']);
});

it('no counts are taken while the next check point writes the other file', () => {
  writeFileSync(join(directory, A), countsOf(9));
  const old = countsOf(9);
  const next = countsOf(20);
  // A new beginning and an old end look whole.
  writeFileSync(join(directory, B), Buffer.concat([next.subarray(0, 96), old.subarray(96)]));
  expect(taken(10)).toBeUndefined();
  writeFileSync(join(directory, B), next.subarray(0, 100));
  expect(taken(10)).toBe('a of 9');
});

it('no counts are taken if one of the files changes in the moment in which the check point is looked for', () => {
  writeFileSync(join(directory, A), countsOf(9));
  writeFileSync(join(directory, B), countsOf(4));
  expect(taken(10, () => utimesSync(join(directory, B), 1, 1))).toBeUndefined();
  expect(taken(10, () => writeFileSync(join(directory, B), countsOf(20, 0, 5)))).toBeUndefined();
  expect(taken(10, () => rmSync(join(directory, B)))).toBeUndefined();
  expect(taken(10)).toBe('a of 9');
});

it('of two files of one transaction the one with the newer statistics is taken', () => {
  writeFileSync(join(directory, A), countsOf(9, 1));
  writeFileSync(join(directory, B), countsOf(9, 2));
  expect([taken(10), taken(undefined), taken(11)]).toEqual(['b of 9', 'b of 9', undefined]);
});
