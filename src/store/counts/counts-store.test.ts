import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import {
  ANY,
  Counts,
  decodeCounts,
  encodeCounts,
  otherCountsFile,
  readLiveCounts,
  writeCounts,
} from './counts-store.ts';

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(directory));

const token = fc.oneof(fc.constant(ANY), fc.nat({ max: 70_000 }), fc.nat({ max: 2 ** 31 - 1 }));
const count = fc.integer({ min: 0, max: 2 ** 50 });

const arbitraryCounts = fc
  .record({
    txId: fc.nat(),
    minor: fc.nat(),
    nodes: fc.array(fc.tuple(token, count)),
    relationships: fc.array(fc.tuple(token, token, fc.boolean(), count)),
    indexes: fc.array(fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), count, count, fc.boolean())),
  })
  .map(({ txId, minor, nodes, relationships, indexes }) => {
    const counts = new Counts(txId, minor);
    for (const [label, delta] of nodes) counts.addNodes(label, delta);
    for (const [label, type, atStart, delta] of relationships) {
      counts.addRelationships(atStart ? label : ANY, type, atStart ? ANY : label, delta);
    }
    for (const [id, a, b, isSample] of indexes.filter(([, a, b]) => a + b > 0)) {
      if (isSample) counts.indexSamples.set(id, { uniqueValues: a, sampleSize: b });
      else counts.indexStatistics.set(id, { updates: a, size: b });
    }
    return counts;
  });

describe('the counts store', () => {
  it('the counts store survives a round trip, sorted and without zeros', () => {
    fc.assert(
      fc.property(arbitraryCounts, (counts) => {
        const bytes = encodeCounts(counts);
        expect(decodeCounts(bytes)).toEqual(counts);
        for (let at = 96; at < bytes.length - 32; at += 32) {
          expect(bytes.compare(bytes, at - 32, at - 16, at, at + 16)).toBe(1);
        }
      }),
    );
  });

  it('the counts store writes -1 as the number of no entries', () => {
    const bytes = encodeCounts(new Counts(7, 3));
    expect(bytes).toHaveLength(96);
    expect(bytes.readBigInt64BE(88)).toBe(-1n);
    expect(decodeCounts(bytes)).toEqual(new Counts(7, 3));
  });

  it('the counts store forgets what sums up to zero', () => {
    const counts = new Counts();
    counts.addNodes(4, 5);
    counts.addNodes(4, -5);
    counts.addRelationships(ANY, 2, 9, 3);
    counts.addRelationships(ANY, 2, 9, -2);
    expect(encodeCounts(counts)).toHaveLength(128);
    expect([counts.nodeCount(4), counts.relationshipCount(ANY, 2, 9), counts.relationshipCount(9, 2, ANY)]).toEqual([
      0, 1, 0,
    ]);
    expect(() => counts.addRelationships(1, 2, 3, 1)).toThrow(/both sides/);
  });

  it('the counts store uses the newer of the complete files', () => {
    const [a, b] = ['neostore.counts.db.a', 'neostore.counts.db.b'] as const;
    expect(readLiveCounts(directory)).toBeUndefined();
    expect(otherCountsFile(undefined)).toBe(a);
    writeCounts(join(directory, a), new Counts(5, 1));
    expect(readLiveCounts(directory)).toMatchObject({ fileName: a, counts: { txId: 5, minorVersion: 1 } });
    writeCounts(join(directory, b), new Counts(5, 2));
    expect(readLiveCounts(directory)?.fileName).toBe(b);
    expect(otherCountsFile(b)).toBe(a);
    writeCounts(join(directory, a), new Counts(6, 0));
    expect(readLiveCounts(directory)?.fileName).toBe(a);
    const whole = encodeCounts(new Counts(6, 0));
    for (const cut of [0, 31, 64, 95]) {
      writeFileSync(join(directory, a), whole.subarray(0, cut));
      expect(readLiveCounts(directory)?.fileName).toBe(b);
    }
  });

  it('the counts store refuses every file that is cut off', () => {
    const counts = new Counts(9, 0);
    for (let label = 0; label < 10; label++) counts.addNodes(label, 1);
    const bytes = encodeCounts(counts);
    for (const length of campaign.places(0, bytes.length - 1)) {
      expect(() => decodeCounts(bytes.subarray(0, length)), String(length)).toThrow(
        expect.objectContaining({ code: 'file.corrupt' }),
      );
    }
  });
});

describe('writeCounts', () => {
  it('writeCounts replaces a link instead of following it, and reports a directory in our own words', () => {
    const folder = mkdtempSync(join(directory, 'in-the-way-'));
    writeFileSync(join(folder, 'precious'), 'precious');
    symlinkSync('precious', join(folder, 'neostore.counts.db.a'));
    writeCounts(join(folder, 'neostore.counts.db.a'), new Counts(5, 1));
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
    mkdirSync(join(folder, 'neostore.counts.db.b'));
    expect(() => writeCounts(join(folder, 'neostore.counts.db.b'), new Counts(5, 1))).toThrow(
      /cannot write the counts/,
    );
  });
});
