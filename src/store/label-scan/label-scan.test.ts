import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { LabelScanReader } from '../../../test/support/trees/label-scan-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { bulkLoadTree } from '../tree/load/bulk-load.ts';
import { openPageFile } from '../tree/page/page-file.ts';
import { checkTreeStructure } from '../tree/read/structure-check.ts';
import { LabelScanBuilder } from './label-scan-builder.ts';
import { labelScanLayout } from './label-scan-layout.ts';
import { updateLabelScanStore } from './label-scan-update.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  path = join(directory, 'labels');
});
afterAll(() => removeDirectory(directory));

/** Labels per node, as the store says. */
function readLabels(file = path, label?: number): Map<number, number[]> {
  const nodes = new Map<number, number[]>();
  const reader = new LabelScanReader(file);
  if (label !== undefined) reader.seek(label);
  while (reader.next()) {
    if (label !== undefined && reader.label !== label) break;
    for (let bit = 0; bit < 64; bit++) {
      if (((bit < 32 ? reader.low >>> bit : reader.high >>> (bit - 32)) & 1) === 0) continue;
      const node = reader.range * 64 + bit;
      nodes.set(node, [...(nodes.get(node) ?? []), reader.label]);
    }
  }
  reader.close();
  return nodes;
}

async function build(nodes: Map<number, number[]>, maxEntriesInMemory?: number): Promise<void> {
  await rm(path, { force: true });
  const builder = new LabelScanBuilder(path, maxEntriesInMemory === undefined ? {} : { maxEntriesInMemory });
  for (const node of [...nodes.keys()].sort((a, b) => a - b)) builder.add(node, nodes.get(node)!);
  await builder.finish();
}

const labels = fc
  .uniqueArray(fc.nat({ max: 12 }), { minLength: 1, maxLength: 5 })
  .map((list) => list.sort((a, b) => a - b));
const nodeIds = fc.oneof(
  fc.nat({ max: 1000 }),
  fc.nat({ max: 10 }).map((n) => 2 ** 37 + n * 31),
);
const graph = fc.array(fc.tuple(nodeIds, labels), { maxLength: 200 }).map((pairs) => new Map(pairs));

function sorted(nodes: Map<number, number[]>): [number, number[]][] {
  return [...nodes].sort(([a], [b]) => a - b);
}

describe('label scan store', () => {
  it('a label scan store is built from nodes, with and without runs on disk, and read back', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.constantFrom(undefined, 3, 17), async (nodes, limit) => {
        await build(nodes, limit);
        expect(existsSync(`${path}.runs`)).toBe(false);
        expect(sorted(readLabels())).toEqual(sorted(nodes));
        const withThree = sorted(nodes).filter(([, list]) => list.includes(3));
        expect(sorted(readLabels(path, 3)).map(([node]) => node)).toEqual(withThree.map(([node]) => node));
      }),
      { numRuns: campaign.rounds(60) },
    );
  });

  it('a label scan store is built from many nodes', async () => {
    // Each fills a range of its own, now in its lower and now in its upper half.
    const nodes = new Map(Array.from({ length: 3000 }, (_, i) => [64 * i + (i % 64), i % 2 === 0 ? [1] : [1, 2]]));
    await build(nodes);
    expect(sorted(readLabels())).toEqual(sorted(nodes));
  });

  it('a label scan store follows changes of labels, twice with the same result', async () => {
    await fc.assert(
      fc.asyncProperty(graph, graph, async (before, after) => {
        await build(before);
        const changes = [...new Set([...before.keys(), ...after.keys()])].map((node) => {
          const old = before.get(node) ?? [];
          const now = after.get(node) ?? [];
          return {
            node,
            removed: old.filter((label) => !now.includes(label)),
            added: now.filter((label) => !old.includes(label)),
          };
        });
        await updateLabelScanStore(path, changes.reverse());
        expect(sorted(readLabels())).toEqual(sorted(after));
        expect(await checkTreeStructure(openPageFile(path, 'read'), labelScanLayout)).toEqual([]);
        const bytes = readFileSync(path);
        await updateLabelScanStore(path, changes);
        expect(readFileSync(path).equals(bytes)).toBe(true);
      }),
      { numRuns: campaign.rounds(60) },
    );
  });

  it('a label scan store treats a label that is both removed and added as added', async () => {
    await build(new Map([[5, [1]]]));
    await updateLabelScanStore(path, [{ node: 5, removed: [1, 2], added: [2, 1] }]);
    expect(sorted(readLabels())).toEqual([[5, [1, 2]]]);
  });

  it('a label scan store refuses nodes out of order', () => {
    const builder = new LabelScanBuilder(path);
    builder.add(200, [1]);
    expect(() => builder.add(100, [1])).toThrow(GraphkeepError);
  });

  it('a label scan store is not updated while the server wanted to rebuild it', async () => {
    await rm(path, { force: true });
    await bulkLoadTree(path, labelScanLayout, new Uint8Array([1]), []);
    await expect(updateLabelScanStore(path, [])).rejects.toThrow('has to be built anew');
    const reader = new LabelScanReader(path);
    expect(reader.isUsable).toBe(false);
    reader.close();
  });

  it('a label scan store of a halted server is closed by an update', async () => {
    await unpackCorpus('trees/halted.tar.gz', directory);
    const file = join(directory, '3.4.9-standard-dirty/neostore.labelscanstore.db');
    expect(() => new LabelScanReader(file)).toThrow('was not closed');
    const reader = new LabelScanReader(file, { allowNotClosed: true });
    let entries = 0;
    while (reader.next()) entries++;
    reader.close();
    expect(entries).toBe(49);
    await updateLabelScanStore(file, [{ node: 1_000_000, removed: [], added: [7] }]);
    expect(readLabels(file).get(1_000_000)).toEqual([7]);
  });
});
