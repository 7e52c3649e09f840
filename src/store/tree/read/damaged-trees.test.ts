import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { MemoryPageFile } from '../../../../test/support/stores/memory-page-file.ts';
import { loadTree, readEntries } from '../../../../test/support/trees/trees.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { genericKey, genericLayout } from '../../index/keys/generic-key.ts';
import { numberKey, numberLayout } from '../../index/keys/number-key.ts';
import { textKey, textLayout } from '../../index/keys/text-key.ts';
import { labelScanLayout } from '../../label-scan/label-scan-layout.ts';
import type { TreeLayout } from '../page/layout.ts';
import { RIGHT_SIBLING_AT } from '../page/node-page.ts';
import { writePointer } from '../page/pointer.ts';
import type { TreeChange } from '../update/tree-change.ts';
import { updateTreeFile } from '../update/tree-update.ts';
import { checkTreeStructure } from './structure-check.ts';

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  for (const name of ['base34', 'base35', 'halted']) await unpackCorpus(`trees/${name}.tar.gz`, directory);
});
afterAll(() => removeDirectory(directory));

interface Sample {
  name: string;
  layout: TreeLayout;
  load(): Promise<Uint8Array>;
}

const fromCorpus = (name: string, layout: TreeLayout): Sample => ({
  name,
  layout,
  load: async () => readFileSync(join(directory, name)),
});

const deepNumbers: Sample = {
  name: 'many levels of numbers',
  layout: numberLayout,
  load: () =>
    loadTree(
      numberLayout,
      upTo(300, (n) => numberKey.encode(n, [{ type: 'int', value: n }])!),
      256,
    ),
};
const deepTexts: Sample = {
  name: 'many levels of texts',
  layout: textLayout,
  load: () =>
    loadTree(
      textLayout,
      upTo(300, (n) => textKey.encode(n, [{ type: 'string', value: `${1000 + n}` }])!),
      256,
    ),
};

function upTo(count: number, key: (n: number) => Uint8Array) {
  return Array.from({ length: count }, (_, n) => ({ key: key(n) }));
}

const samples: Sample[] = [
  deepNumbers,
  deepTexts,
  fromCorpus('base35/neostore.labelscanstore.db', labelScanLayout),
  fromCorpus('base35/schema/index/native-btree-1.0/5/index-5', genericLayout),
  fromCorpus('base35/schema/index/native-btree-1.0/7/index-7', genericLayout),
  fromCorpus('3.4.9-standard-dirty/schema/index/lucene_native-2.0/1/string-1.0/index-1', textLayout),
];

/** The action must succeed or fail with a clear error. */
async function attempt(action: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof GraphkeepError) || !/^(file\.(corrupt|truncated)|store\.format)$/.test(error.code))
      throw error;
  }
}

describe('damaged trees', () => {
  it.each(samples)(
    'damaged trees are refused or read, never a crash or an endless loop: $name',
    async ({ layout, load }) => {
      const bytes = await load();
      const edit = fc.record({
        at: fc.oneof(fc.nat({ max: bytes.length - 5 }), fc.nat({ max: Math.min(300, bytes.length - 5) })),
        value: fc.oneof(fc.constant(0), fc.constant(0xffffffff), fc.nat({ max: 300 }), fc.nat()),
        width: fc.constantFrom(1, 2, 4),
      });
      // Most of a page is blank; edits near other bytes have more effect.
      const inUse = [...bytes.keys()].filter((at) => bytes[at] !== 0 && at < bytes.length - 5);
      const aimed = edit.chain((e) => fc.constantFrom(...inUse).map((at) => ({ ...e, at })));
      const changes = changesOf(new MemoryPageFile(bytes), layout);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(edit, aimed), { minLength: 1, maxLength: 4 }), async (edits) => {
          const damaged = Buffer.from(bytes);
          for (const { at, value, width } of edits) damaged.writeUIntBE(value % 2 ** (8 * width), at, width);
          await attempt(() => readEntries(new MemoryPageFile(damaged), layout));
          await checkTreeStructure(new MemoryPageFile(damaged), layout);
          await attempt(() => updateTreeFile(new MemoryPageFile(damaged), layout, changes));
        }),
        { numRuns: campaign.rounds(150) },
      );
    },
  );

  it('damaged trees with keys without a place in the order are reported: a time zone with an unknown number', async () => {
    const keyOf = (zone: number) =>
      genericKey.encode(1, [{ type: 'datetime', epochSecond: 5n, nanoOfSecond: 0, zone }])!;
    const entries = [1, 2].map((zone) => ({ key: keyOf(zone), value: new Uint8Array(0) }));
    entries.sort((a, b) => genericLayout.compare(a.key, 0, a.key.length, b.key, 0, b.key.length));
    const bytes = Buffer.from(await loadTree(genericLayout, entries, 8192));
    const { key } = entries[0]!;
    // The last three bytes of the key are the zone number.
    bytes.writeUIntBE(0xfffff, bytes.indexOf(key) + key.length - 3, 3);
    const findings = await checkTreeStructure(new MemoryPageFile(bytes), genericLayout);
    expect(findings.map(({ message }) => message)).toEqual([
      'the keys cannot be compared: a time zone has an unknown number',
    ]);
  });

  it('damaged trees of every cut length are refused', async () => {
    const bytes = await deepNumbers.load();
    for (let length = 0; length < bytes.length; length += 97) {
      const file = new MemoryPageFile(bytes.subarray(0, length));
      expect(() => readEntries(file, numberLayout)).toThrow(GraphkeepError);
      expect((await checkTreeStructure(file, numberLayout))[0]!.kind).toBe('file');
    }
  });

  it('reading damaged trees with cyclic right siblings ends', async () => {
    const bytes = await deepNumbers.load();
    // Pages 4 and 5 are the first two leaves.
    writePointer(bytes, 5 * 256 + RIGHT_SIBLING_AT, 2, 4);
    expect(() => readEntries(new MemoryPageFile(bytes), numberLayout)).toThrow(/first key is not after/);
    expect(await checkTreeStructure(new MemoryPageFile(bytes), numberLayout)).toEqual([
      { kind: 'sibling', page: 5, message: 'right sibling is page 4, not 6' },
    ]);
  });

  it('damaged trees that were never closed can be closed', async () => {
    const name = '3.5.34-standard-dirty/neostore.labelscanstore.db';
    const file = new MemoryPageFile(readFileSync(join(directory, name)));
    const before = readEntries(file, labelScanLayout);
    await updateTreeFile(file, labelScanLayout, []);
    // One write: the check point's state, marked clean, in the other state page.
    expect(file.events.filter((event) => event.kind === 'write')).toHaveLength(1);
    expect(readEntries(file, labelScanLayout)).toEqual(before);
    expect(await checkTreeStructure(file, labelScanLayout)).toEqual([]);
  });
});

/** Changes that remove every third entry of the tree, so that all leaves change. */
function changesOf(file: MemoryPageFile, layout: TreeLayout): TreeChange[] {
  const keys = readEntries(file, layout).map((entry) => Buffer.from(entry.split('=')[0]!, 'hex'));
  return keys.filter((_, i) => i % 3 === 0).map((key) => ({ kind: 'remove', key }));
}
