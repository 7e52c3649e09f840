import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { MemoryPageFile } from '../../../../test/support/stores/memory-page-file.ts';
import { loadTree, readEntries } from '../../../../test/support/trees/trees.ts';
import { numberLayout, uniqueNumberKey } from '../../index/keys/number-key.ts';
import { textKey, textLayout } from '../../index/keys/text-key.ts';
import { labelScanLayout } from '../../label-scan/label-scan-layout.ts';
import type { TreeEntry } from '../load/bulk-load.ts';
import type { TreeLayout } from '../page/layout.ts';
import { isLeaf, readKeyCount } from '../page/node-page.ts';
import { checkTreeStructure } from '../read/structure-check.ts';
import { openTree } from '../read/tree-file.ts';
import type { TreeChange } from './tree-change.ts';
import { updateTreeFile } from './tree-update.ts';

/** A kind of tree under test: how a small number becomes an entry. */
interface Kind {
  name: string;
  layout: TreeLayout;
  pageBytes: number;
  key(n: number): Uint8Array;
}

const longText = (n: number) => `${String(n).padStart(5, '0')}${'x'.repeat((n * 37) % 190)}`;
const kinds: Kind[] = [
  {
    name: 'numbers',
    layout: numberLayout,
    pageBytes: 256,
    key: (n) => uniqueNumberKey.encode(n, [{ type: 'long', value: BigInt(n % 50) }])!,
  },
  {
    name: 'short texts',
    layout: textLayout,
    pageBytes: 512,
    key: (n) => textKey.encode(n % 7, [{ type: 'string', value: String(n) }])!,
  },
  {
    name: 'long texts',
    layout: textLayout,
    pageBytes: 512,
    key: (n) => textKey.encode(n, [{ type: 'string', value: longText(n) }])!,
  },
  { name: 'bitsets', layout: labelScanLayout, pageBytes: 256, key: labelKey },
];

function labelKey(n: number): Uint8Array {
  const key = Buffer.alloc(10);
  key.writeInt32BE(n % 5, 0);
  key.writeUInt32BE(Math.floor(n / 5), 4);
  return key;
}

type Model = Map<string, string>;

function sortKeys(
  layout: TreeLayout,
  numbers: Iterable<number>,
  key: (n: number) => Uint8Array,
): [number, Uint8Array][] {
  return [...new Set(numbers)]
    .map((n) => [n, key(n)] as [number, Uint8Array])
    .sort(([, a], [, b]) => layout.compare(a, 0, a.length, b, 0, b.length));
}

function toEntries(kind: Kind, numbers: number[]): TreeEntry[] {
  return sortKeys(kind.layout, numbers, kind.key).map(([n, key]) =>
    kind.layout.valueBytes === 0 ? { key } : { key, value: bitset(n + 1) },
  );
}

function bitset(n: number): Uint8Array {
  const bits = Buffer.alloc(8);
  bits.writeUInt32BE(n >>> 0, 4);
  return bits;
}

interface Step {
  add: number[];
  remove: number[];
  ensure?: number[];
}

function toChanges(kind: Kind, step: Step): TreeChange[] {
  const added = new Set(step.add);
  const removed = new Set(step.remove);
  return sortKeys(kind.layout, [...step.add, ...step.remove, ...(step.ensure ?? [])], kind.key).map(([n, key]) => {
    if (!added.has(n) && !removed.has(n)) return { kind: 'ensure', key };
    if (kind.layout.valueBytes > 0) {
      return { kind: 'mask', key, set: bitset(added.has(n) ? n : 0), clear: bitset(added.has(n) ? 1 : -1) };
    }
    return { kind: added.has(n) ? 'add' : 'remove', key };
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function toModel(entries: TreeEntry[]): Model {
  return new Map(entries.map(({ key, value }) => [hex(key), value === undefined ? '' : hex(value)]));
}

function applyToModel(model: Model, changes: TreeChange[], valueBytes: number): Model {
  const result = new Map(model);
  for (const change of changes) {
    const key = hex(change.key);
    if (change.kind === 'add') result.set(key, '');
    else if (change.kind === 'remove') result.delete(key);
    else if (change.kind === 'ensure') {
      if (!result.has(key)) result.set(key, valueBytes === 0 ? '' : '0'.repeat(2 * valueBytes));
    } else {
      const old = BigInt(`0x${result.get(key) || '0'}`);
      const bits = (old & ~BigInt(`0x${hex(change.clear)}`)) | BigInt(`0x${hex(change.set)}`);
      if (bits === 0n) result.delete(key);
      else result.set(key, bits.toString(16).padStart(16, '0'));
    }
  }
  return result;
}

function modelEntries(layout: TreeLayout, model: Model): string[] {
  return [...model]
    .map(([key, value]) => ({ bytes: Buffer.from(key, 'hex'), text: value === '' ? key : `${key}=${value}` }))
    .sort((a, b) => layout.compare(a.bytes, 0, a.bytes.length, b.bytes, 0, b.bytes.length))
    .map(({ text }) => text);
}

const numbers = (max: number) => fc.array(fc.nat({ max: 2000 }), { maxLength: max });
/** Ranges make whole nodes empty or full. */
const range = fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 400 })).map(([from, count]) => {
  return Array.from({ length: count }, (_, i) => from + i);
});
const numbersOrRange = fc.oneof(numbers(60), range);
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  add: numbersOrRange,
  remove: numbersOrRange,
  ensure: numbers(20),
});

describe.each(campaign.sample(kinds, 2))('updates of a tree of $name', (kind) => {
  const { layout, pageBytes } = kind;

  it('updates of a tree match a simple model, batch after batch, without a flaw in the structure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(numbers(300), range),
        fc.array(stepArbitrary, { maxLength: 6 }),
        async (start, steps) => {
          const entries = toEntries(kind, start);
          let model = toModel(entries);
          const file = new MemoryPageFile(await loadTree(layout, entries, pageBytes, new Uint8Array([1, 2, 3])));
          expect(readEntries(file, layout)).toEqual(modelEntries(layout, model));
          expect(await checkTreeStructure(file, layout)).toEqual([]);
          for (const step of steps) {
            const changes = toChanges(kind, step);
            const before = model;
            model = applyToModel(model, changes, kind.layout.valueBytes);
            const result = await updateTreeFile(file, layout, changes);
            expect(readEntries(file, layout)).toEqual(modelEntries(layout, model));
            expect(await checkTreeStructure(file, layout)).toEqual([]);
            if (kind.name !== 'long texts') expect(findNodesWithoutKeys(file.bytes(), pageBytes)).toEqual([]);
            expect(result.added - result.removed).toBe(model.size - before.size);
            expect(openTree(file, layout).header).toEqual(new Uint8Array([1, 2, 3]));

            const writes = file.events.length;
            expect(await updateTreeFile(file, layout, changes)).toEqual({
              added: 0,
              removed: 0,
              replaced: 0,
            });
            expect(file.events).toHaveLength(writes);
          }
        },
      ),
      { numRuns: campaign.rounds(30) },
    );
  });

  it('updates of a tree leave the old content, whatever part of the writes a crash keeps, and can then be repeated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(numbers(200), range),
        fc.array(stepArbitrary, { maxLength: 3 }),
        stepArbitrary,
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        async (start, history, step, dice) => {
          const file = new MemoryPageFile(await loadTree(layout, toEntries(kind, start), pageBytes));
          for (const earlier of history) await updateTreeFile(file, layout, toChanges(kind, earlier));
          const before = readEntries(file, layout);
          const crashing = new MemoryPageFile(file.bytes());
          const changes = toChanges(kind, step);
          await updateTreeFile(crashing, layout, changes);
          const after = readEntries(crashing, layout);

          const survives = (bytes: Uint8Array) =>
            [0, bytes.length, bytes.length, bytes.length >> 1][dice.next().value]!;
          const { events } = crashing;
          for (let end = 0; end <= events.length; end++) {
            for (const keep of [(bytes: Uint8Array) => bytes.length, survives]) {
              const image = new MemoryPageFile(crashing.afterCrash(end, keep));
              const isComplete = end >= events.length - 1;
              const content = readEntries(image, layout);
              if (!isComplete) expect(content).toEqual(before);
              else expect([before, after]).toContainEqual(content);
              await updateTreeFile(image, layout, changes);
              expect(readEntries(image, layout)).toEqual(after);
              expect(await checkTreeStructure(image, layout)).toEqual([]);
            }
          }
        },
      ),
      { numRuns: campaign.rounds(5, 2) },
    );
  });
});

/** Internal nodes with a single child, in use or not. Only keys that fill half a page can force one. */
function findNodesWithoutKeys(bytes: Uint8Array, pageBytes: number): number[] {
  const found: number[] = [];
  for (let id = 3; id * pageBytes < bytes.length; id++) {
    const page = bytes.subarray(id * pageBytes, (id + 1) * pageBytes);
    if (page[0] === 1 && !isLeaf(page) && readKeyCount(page) === 0) found.push(id);
  }
  return found;
}
