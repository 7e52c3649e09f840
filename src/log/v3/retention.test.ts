import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { parseRetentionPolicy } from '../../config/retention-policy.ts';
import { LogFileSet } from '../log-source.ts';
import { type PrunableLogFile, planPruning, readPrunableFile } from './retention.ts';

const DAY_MS = 86_400_000;

/** Files of 1000 bytes with 10 transactions each, one per day: file v holds transactions 2 + 10v ... */
function makeFiles(count: number, change: (file: PrunableLogFile) => PrunableLogFile | undefined = (file) => file) {
  const files = Array.from({ length: count }, (_, version) =>
    change({ version, sizeBytes: 1000, firstTransaction: 2 + 10 * version, firstStartedMs: version * DAY_MS }),
  );
  return (version: number) => files[version];
}

const plan = (value: string, files = makeFiles(10), checkPointVersion = 9) =>
  planPruning(
    { policy: parseRetentionPolicy(value), checkPointVersion, lastCommitted: 101, nowMs: 10 * DAY_MS },
    0,
    files,
  );

describe('planPruning', () => {
  it('planPruning keeps everything when told so', () => {
    expect(plan('true')).toEqual([]);
  });

  it('planPruning keeps the check point and one file below it, whatever the policy', () => {
    const allButTwo = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(plan('false')).toEqual(allButTwo);
    expect(plan('0 files')).toEqual(allButTwo);
    expect(plan('1 files')).toEqual(allButTwo);
    expect(plan('1 size')).toEqual(allButTwo);
    expect(plan('0 hours')).toEqual(allButTwo);
    expect(plan('false', makeFiles(2), 1)).toEqual([]);
  });

  it('planPruning counts files, bytes and transactions from the check point down', () => {
    expect(plan('2 files')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(plan('3 files')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(plan('3000 size')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(plan('3001 size')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(plan('39 txs')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(plan('40 txs')).toEqual([0, 1, 2, 3, 4]);
    expect(plan('1000 txs')).toEqual([]);
  });

  it('planPruning looks at the first transaction of a file for its age', () => {
    expect(plan('5 days')).toEqual([0, 1, 2, 3, 4]);
    expect(plan('20 days')).toEqual([]);
    const unknown = makeFiles(10, (file) => (file.version === 4 ? { ...file, firstStartedMs: undefined } : file));
    expect(plan('5 days', unknown)).toEqual([0, 1, 2, 3]);
  });

  it('planPruning does not count empty files', () => {
    const empty = makeFiles(10, (file) => (file.version === 7 ? { ...file, sizeBytes: 16 } : file));
    expect(plan('2 files', empty)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('planPruning removes nothing when a file is missing before there is enough', () => {
    const missing = makeFiles(10, (file) => (file.version === 7 ? undefined : file));
    expect(plan('3 files', missing)).toEqual([]);
  });

  it('planPruning removes a prefix, never the two newest of the rest, and less for a larger number', () => {
    const types = fc.constantFrom('files', 'size', 'txs', 'hours');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(5000), fc.nat(5000), types, (count, a, b, type) => {
        const files = makeFiles(count);
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const removed = plan(`${less} ${type}`, files, count - 1);
        expect(removed).toEqual(removed.map((_, index) => index));
        expect(removed.length).toBeLessThanOrEqual(Math.max(0, count - 2));
        expect(plan(`${more} ${type}`, files, count - 1).length).toBeLessThanOrEqual(removed.length);
      }),
    );
  });

  it('planPruning reads what it needs from real files', () => {
    const files = new LogFileSet(corpusPath('txlogs/small-3.5.34'));
    expect(readPrunableFile(files, 1)).toMatchObject({ version: 1, sizeBytes: 22677, firstTransaction: 11 });
    expect(readPrunableFile(files, 1)?.firstStartedMs).toBeGreaterThan(1_700_000_000_000);
    expect(readPrunableFile(files, 3)).toBeUndefined();
    files.close();
  });
});
