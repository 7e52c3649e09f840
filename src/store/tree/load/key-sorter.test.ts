import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { compareBytes } from '../page/byte-order.ts';
import { KeySorter } from './key-sorter.ts';

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(directory));

it('KeySorter sorts keys in memory and over runs on disk', () => {
  const path = join(directory, 'runs');
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 200 }),
      fc.constantFrom(1, 64, 300, 1 << 20),
      (keys, maxBytesInMemory) => {
        const sorter = new KeySorter(path, compareBytes, { maxBytesInMemory });
        for (const key of keys) sorter.add(key);
        const sorted: string[] = [];
        for (const key of sorter.sorted()) sorted.push(Buffer.from(key).toString('hex'));
        sorter.close();
        const expected = keys.map((key) => Buffer.from(key)).sort(Buffer.compare);
        expect(existsSync(path)).toBe(false);
        expect(sorted).toEqual(expected.map((key) => key.toString('hex')));
      },
    ),
    { numRuns: campaign.rounds(100) },
  );
});

it('KeySorter yields the merged keys one by one in order', () => {
  const sorter = new KeySorter(join(directory, 'runs'), compareBytes, { maxBytesInMemory: 1000 });
  const keys = Array.from({ length: 5000 }, (_, i) => Buffer.from(String((i * 7919) % 5000).padStart(4, '0')));
  for (const key of keys) sorter.add(key);
  let count = 0;
  for (const key of sorter.sorted()) expect(Buffer.from(key).toString()).toBe(String(count++).padStart(4, '0'));
  expect(count).toBe(5000);
  sorter.close();
});
