import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { arbitraryValue } from '../../../test/support/random/arbitrary-values.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { readLiveCounts } from '../counts/counts-store.ts';
import { HIGH_LIMIT_FORMAT, STANDARD_FORMAT, type StoreFormat } from '../files/store-format.ts';
import { StoreReader } from '../graph/store-reader.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { StoreWriter } from './store-writer.ts';

let temporary: string;
beforeAll(async () => {
  temporary = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(temporary));

const arbitraryProperties = fc
  .dictionary(fc.nat({ max: 40 }).map(String), arbitraryValue, { maxKeys: 6 })
  .map((byKey) => Object.entries(byKey).map(([key, value]) => ({ key: Number(key), value: value as PropertyValue })));

const arbitraryGraph = fc.record({
  nodes: fc.array(
    fc.record({
      gap: fc.nat({ max: 2 }),
      labels: fc.uniqueArray(fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 100_000 })), { maxLength: 10 }),
      properties: arbitraryProperties,
    }),
    { minLength: 1, maxLength: 12 },
  ),
  relationships: fc.array(
    fc.record({
      gap: fc.nat({ max: 2 }),
      type: fc.nat({ max: 5 }),
      start: fc.nat(),
      end: fc.nat(),
      properties: arbitraryProperties,
    }),
    { maxLength: 60 },
  ),
  graphProperties: arbitraryProperties,
  denseThreshold: fc.integer({ min: 1, max: 20 }),
});

/** Checks every rule of spec record-stores 10.2 and 10.3 about the chains of a store. */
function checkChains(reader: StoreReader): void {
  const relationships = reader.file('relationship');
  const groups = reader.file('relationshipGroup');
  const seen = new Map<number, number>();
  const walk = (node: number, first: number): number => {
    let length = 0;
    let claimed = 0;
    for (let id = first, previous = -1; id !== -1; length++) {
      const r = relationships.readRecord(id, relationships.codec.create())!;
      expect(r.inUse).toBe(true);
      expect(r.start === node || r.end === node).toBe(true);
      if (r.start === r.end) {
        expect([r.endPrev, r.endNext, r.firstInEnd]).toEqual([r.startPrev, r.startNext, r.firstInStart]);
      }
      const [isFirst, prev, next] =
        r.start === node ? [r.firstInStart, r.startPrev, r.startNext] : [r.firstInEnd, r.endPrev, r.endNext];
      expect(isFirst).toBe(previous === -1);
      if (isFirst) claimed = prev;
      else expect(prev).toBe(previous);
      seen.set(id, (seen.get(id) ?? 0) + (r.start === r.end ? 2 : 1));
      previous = id;
      id = next;
    }
    expect(claimed).toBe(length);
    return length;
  };
  reader.file('node').scan((node) => {
    if (!node.dense) {
      walk(node.id, node.nextRel);
      return;
    }
    let type = -1;
    expect(node.nextRel).not.toBe(-1);
    for (let id = node.nextRel; id !== -1; ) {
      const group = groups.readRecord(id, groups.codec.create())!;
      expect(group.inUse).toBe(true);
      expect(group.owner).toBe(node.id);
      expect(group.type).toBeGreaterThan(type);
      type = group.type;
      const lengths = [group.firstOut, group.firstIn, group.firstLoop].map((first) => walk(node.id, first));
      expect(Math.max(...lengths)).toBeGreaterThan(0);
      id = group.next;
    }
  });
  let count = 0;
  relationships.scan((r) => {
    count++;
    expect(seen.get(r.id)).toBe(2);
  });
  expect(seen.size).toBe(count);
}

describe.each<[string, StoreFormat]>([
  ['standard', STANDARD_FORMAT],
  ['high_limit', HIGH_LIMIT_FORMAT],
])('a written %s store', (_, format) => {
  it('a written store reads as the graph that was written', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryGraph, async (graph) => {
        const directory = mkdtempSync(join(temporary, 'written-'));
        const writer = new StoreWriter(directory, { format, denseThreshold: graph.denseThreshold });
        for (let i = 0; i < 6; i++) writer.relationshipType(`T${i}`);
        for (let i = 0; i <= 40; i++) writer.propertyKey(`key number ${i}`);
        writer.label('A label whose name is longer than one record of the names store');
        let nextNode = 0;
        const nodes = graph.nodes.map(({ gap, labels, properties }) => {
          const id = writer.addNode({ id: nextNode + gap, labels, properties });
          nextNode = id + 1;
          return { id, labels: [...labels].sort((a, b) => a - b), properties };
        });
        let nextRelationship = 0;
        const relationships = graph.relationships.map(({ gap, type, start, end, properties }) => {
          const id = nextRelationship + gap;
          nextRelationship = id + 1;
          const ends = { start: nodes[start % nodes.length]!.id, end: nodes[end % nodes.length]!.id };
          writer.addRelationship({ id, type, ...ends, properties });
          return { id, type, ...ends, properties };
        });
        writer.setGraphProperties(graph.graphProperties);
        await writer.finish();

        const reader = new StoreReader(directory);
        expect(reader.format).toBe(format);
        expect([...reader.nodes()]).toEqual(nodes);
        expect([...reader.relationships()]).toEqual(relationships);
        expect([...reader.graphProperties()]).toEqual(graph.graphProperties);
        expect(reader.tokens('label')).toEqual([
          { id: 0, name: 'A label whose name is longer than one record of the names store' },
        ]);
        expect(reader.tokens('relationshipType').map((t) => t.name)).toEqual(['T0', 'T1', 'T2', 'T3', 'T4', 'T5']);
        checkChains(reader);
        expect(readLiveCounts(directory)?.counts.nodeCount(-1)).toBe(nodes.length);
        expect(readLiveCounts(directory)?.counts.relationshipCount(-1, -1, -1)).toBe(relationships.length);
        reader.close();
        await removeDirectory(directory);
      }),
      { numRuns: campaign.rounds(60) },
    );
  });

  it('a written store has the schema', async () => {
    const directory = join(temporary, `schema-${format.family}`);
    const writer = new StoreWriter(directory, { format });
    const onPerson = (...propertyKeys: number[]) => ({
      entity: 'node' as const,
      entityTokens: [writer.label('Person')],
      propertyKeys,
      multi: false,
    });
    const name = writer.propertyKey('name');
    const age = writer.propertyKey('age');
    const index = writer.addIndex(onPerson(name));
    const unique = writer.addConstraint('unique', onPerson(age));
    const key = writer.addConstraint('node-key', onPerson(name, age));
    const exists = writer.addConstraint('existence', onPerson(name));
    await writer.finish();
    const reader = new StoreReader(directory);
    const rules = reader.schemaRules();
    reader.close();
    expect(rules).toHaveLength(6);
    expect(rules.find((rule) => rule.id === index)).toEqual({
      kind: 'index',
      id: index,
      provider: { key: 'lucene+native', version: '2.0' },
      unique: false,
      owningConstraint: -1,
      schema: onPerson(name),
      name: `index_${index}`,
    });
    for (const constraint of [unique, key]) {
      const rule = rules.find((r) => r.id === constraint);
      if (rule?.kind !== 'constraint') throw new Error('not a constraint');
      expect(rules.find((r) => r.id === rule.ownedIndex)).toMatchObject({
        kind: 'index',
        unique: true,
        owningConstraint: constraint,
        schema: rule.schema,
      });
    }
    expect(rules.find((rule) => rule.id === exists)).toMatchObject({ type: 'existence', ownedIndex: -1 });
  });

  it('a written store may be empty', async () => {
    const directory = join(temporary, `empty-${format.family}`);
    const written = await new StoreWriter(directory, { format, creationTimeMs: 1, randomId: -5n }).finish();
    const reader = new StoreReader(directory);
    expect(reader.metadata).toEqual(written);
    expect([...reader.nodes(), ...reader.relationships(), ...reader.schemaRules()]).toEqual([]);
    reader.close();
  });
});

it('StoreWriter refuses relationships of nodes that do not exist', async () => {
  const writer = new StoreWriter(join(temporary, 'dangling'));
  writer.addNode();
  writer.addRelationship({ type: writer.relationshipType('T'), start: 0, end: 1 });
  await expect(writer.finish()).rejects.toThrow(/not added/);
});

it('StoreWriter refuses ids that do not ascend', () => {
  const writer = new StoreWriter(join(temporary, 'refused'));
  writer.addNode({ id: 5 });
  expect(() => writer.addNode({ id: 5 })).toThrow(/ascend/);
});
