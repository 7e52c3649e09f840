import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StoreWriter } from '../../src/store/build/store-writer.ts';
import { HIGH_LIMIT_FORMAT, STANDARD_FORMAT, type StoreFormat } from '../../src/store/files/store-format.ts';
import { type StoredNode, type StoredRelationship, StoreReader } from '../../src/store/graph/store-reader.ts';
import type { KeyedValue } from '../../src/store/values/property-chain.ts';
import type { PropertyValue } from '../../src/store/values/property-value.ts';
import { arbitraryValue } from '../support/random/arbitrary-values.ts';
import {
  canonicalValue,
  checkConsistency,
  describeInterop,
  exportGraph,
  makeScratch,
  openCopy,
  type Version,
} from './harness/index.ts';
import { Float64 } from './harness/packstream.ts';

const SEED = 20181022;
const KEYS = 12;
const HUB_RELATIONSHIPS = 180;

interface WrittenGraph {
  nodes: StoredNode[];
  relationships: StoredRelationship[];
}

/** A graph with values of every type, sparse and dense nodes, loops, unused ids and every kind of schema rule. */
async function writeGraph(directory: string, format: StoreFormat, enterprise: boolean): Promise<WrittenGraph> {
  const writer = new StoreWriter(directory, { format });
  const labels = Array.from({ length: 60 }, (_, i) => writer.label(`Label${i}`));
  const types = Array.from({ length: 5 }, (_, i) => writer.relationshipType(`TYPE_${i}`));
  const keys = Array.from({ length: KEYS }, (_, i) => writer.propertyKey(`key${i}`));
  const sample = (seed: number, count: number) => fc.sample(arbitraryValue, { seed: SEED + seed, numRuns: count });
  const propertiesOf = (seed: number): KeyedValue[] =>
    sample(seed, seed % KEYS).map((value, i) => ({ key: keys[i]!, value }));

  const unique = writer.propertyKey('unique');
  const nodes = Array.from({ length: 200 }, (_, i) => {
    const own = labels.slice(1, 1 + (i % 55)).filter((label) => (label + i) % 3 !== 0);
    const properties = [...propertiesOf(i), { key: unique, value: { type: 'long' as const, value: BigInt(i) } }];
    const node = { id: i + Math.floor(i / 7), labels: [labels[0]!, ...own], properties };
    writer.addNode(node);
    return node;
  });
  const relationships = Array.from({ length: 900 }, (_, i) => {
    const hub = nodes[i % 3]!.id;
    const other = nodes[(i * 7919) % nodes.length]!.id;
    const ends =
      i < HUB_RELATIONSHIPS ? (i % 2 ? [hub, other] : [other, hub]) : [other, nodes[(i * 31) % nodes.length]!.id];
    const [start, end] = i % 23 === 0 ? [hub, hub] : (ends as [number, number]);
    const relationship = {
      id: i + Math.floor(i / 5),
      type: types[(i * 13) % 5]!,
      start,
      end,
      properties: propertiesOf(i % 5),
    };
    writer.addRelationship(relationship);
    return relationship;
  });
  writer.setGraphProperties([{ key: keys[0]!, value: { type: 'string', value: 'written' } }]);
  const schema = (...propertyKeys: number[]) => ({
    entity: 'node' as const,
    entityTokens: [labels[0]!],
    propertyKeys,
    multi: false,
  });
  writer.addIndex(schema(keys[1]!));
  writer.addConstraint('unique', schema(unique));
  if (enterprise) writer.addConstraint('existence', schema(unique));
  await writer.finish();
  return { nodes, relationships };
}

/** A value as the server reports it; undefined for types that it reports in another form. */
function canonical(value: PropertyValue): string | undefined {
  switch (value.type) {
    case 'array': {
      if (value.of === 'byte') return undefined;
      const elements = value.elements.map(canonical);
      return elements.includes(undefined) ? undefined : `[${elements.join(',')}]`;
    }
    case 'boolean':
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return String(value.value);
    case 'string':
      return JSON.stringify(value.value);
    case 'double': {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, value.bits);
      return canonicalValue(new Float64(view.getFloat64(0)));
    }
    default:
      return undefined;
  }
}

describeInterop('a store written from nothing', () => {
  it.each<[Version, StoreFormat]>([
    ['3.4.9', STANDARD_FORMAT],
    ['3.4.9', HIGH_LIMIT_FORMAT],
    ['3.5.34', STANDARD_FORMAT],
  ])('a store written from scratch is consistent for %s and holds the graph', async (version, format) => {
    const directory = path.join(makeScratch('written'), 'graph.db');
    const written = await writeGraph(directory, format, version === '3.4.9');
    const names = new StoreReader(directory);
    const keyNames = new Map(names.tokens('propertyKey').map(({ id, name }) => [id, name]));
    names.close();

    const server = await openCopy(version, directory, { format: format.family });
    const found = await exportGraph(server);
    const { rows } = await server.cypher('MATCH (n) RETURN count(n)');
    expect(rows).toEqual([[written.nodes.length]]);
    await server.stop();

    expect(found.nodes.map(({ id, labels }) => ({ id, labels: labels.length }))).toEqual(
      written.nodes.map(({ id, labels }) => ({ id, labels: labels.length })),
    );
    expect(found.relationships.map(({ id, type, start, end }) => ({ id, type, start, end }))).toEqual(
      written.relationships.map(({ id, type, start, end }) => ({ id, type: `TYPE_${type}`, start, end })),
    );
    expect(found.indexes.every((index) => index.includes('ONLINE'))).toBe(true);
    let compared = 0;
    for (const [entities, tells] of [
      [written.nodes, found.nodes],
      [written.relationships, found.relationships],
    ] as const) {
      entities.forEach(({ id, properties }, position) => {
        const { props } = tells[position]!;
        expect(Object.keys(props).sort()).toEqual(properties.map(({ key }) => keyNames.get(key)).sort());
        for (const { key, value } of properties) {
          const expected = canonical(value);
          if (expected === undefined) continue;
          expect(props[keyNames.get(key)!], `entity ${id}`).toBe(expected);
          compared++;
        }
      });
    }
    expect(compared).toBeGreaterThan(500);

    const closed = path.join(server.home, 'data/databases/graph.db');
    const reader = new StoreReader(closed);
    expect([...reader.nodes()]).toEqual(written.nodes);
    expect([...reader.relationships()]).toEqual(written.relationships);
    reader.close();
    expect(await checkConsistency(version, closed)).toMatchObject({ consistent: true, report: '' });
  });
});
