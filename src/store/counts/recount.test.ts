import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { StoreWriter } from '../build/store-writer.ts';
import { HIGH_LIMIT_FORMAT, STANDARD_FORMAT } from '../files/store-format.ts';
import { StoreReader } from '../graph/store-reader.ts';
import { ANY } from './counts-store.ts';
import { recountStore } from './recount.ts';

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

/** Node `i` has the labels whose bits are set in `i`, so every node has a different set of labels. */
function labelsOf(node: number): number[] {
  const labels: number[] = [];
  for (let bit = 0; bit < 18; bit++) if (((node >> bit) & 1) === 1) labels.push(bit);
  return labels;
}

it.each([
  // Enough label sets to need one, two and four bytes per node.
  ['standard', STANDARD_FORMAT, 200],
  ['standard', STANDARD_FORMAT, 1000],
  ['standard', STANDARD_FORMAT, 70_000],
  ['high limit', HIGH_LIMIT_FORMAT, 1000],
])('the counts of a store in %s format are those of its records (%#)', async (name, format, nodes) => {
  const directory = join(root, `${name}-${nodes}`);
  const writer = new StoreWriter(directory, { format });
  for (let bit = 0; bit < 18; bit++) writer.label(`L${bit}`);
  const types = ['A', 'B'].map((type) => writer.relationshipType(type));
  for (let i = 0; i < nodes; i++) writer.addNode({ labels: labelsOf(i) });
  const relationships = Array.from({ length: 500 }, (_, i) => {
    const start = nodes - 1 - ((i * 7919) % nodes);
    return { type: types[i % 2]!, start, end: (i * 104_729) % nodes };
  });
  for (const relationship of relationships) writer.addRelationship(relationship);
  await writer.finish();
  const reader = new StoreReader(directory);
  try {
    const counts = await recountStore(reader);
    expect(counts.nodeCount(ANY)).toBe(nodes);
    for (const label of [0, 3, 9, 16]) {
      const has = (node: number) => ((node >> label) & 1) === 1;
      const all = Array.from({ length: nodes }, (_, node) => node).filter(has).length;
      expect(counts.nodeCount(label)).toBe(all);
      const outgoing = relationships.filter(({ type, start }) => type === 1 && has(start)).length;
      const incoming = relationships.filter(({ end }) => has(end)).length;
      expect(counts.relationshipCount(label, 1, ANY)).toBe(outgoing);
      expect(counts.relationshipCount(ANY, ANY, label)).toBe(incoming);
    }
    expect(counts.relationshipCount(ANY, ANY, ANY)).toBe(500);
  } finally {
    reader.close();
  }
});
