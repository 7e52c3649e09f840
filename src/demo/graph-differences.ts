import type { GraphNode, GraphRelationship, Properties } from '../embedded/graph/graph.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { TokenNames } from '../store/graph/tokens.ts';
import type { KeyedValue } from '../store/values/property-chain.ts';
import { isSameValue } from '../store/values/same-value.ts';
import { GraphContent } from './recorded-graph.ts';

/** The graph in the files of a closed store, read record by record. */
export function readGraphContent(directory: string): GraphContent {
  const reader = new StoreReader(directory);
  try {
    const labels = new TokenNames(reader.tokens('label'));
    const types = new TokenNames(reader.tokens('relationshipType'));
    const keys = new TokenNames(reader.tokens('propertyKey'));
    const named = (properties: readonly KeyedValue[]): Properties =>
      Object.fromEntries(properties.map(({ key, value }) => [nameOf(keys, key), value]));
    const content = new GraphContent();
    for (const { id, labels: ids, properties } of reader.nodes()) {
      content.nodes.set(id, { id, labels: ids.map((label) => nameOf(labels, label)), properties: named(properties) });
    }
    for (const { id, type, start, end, properties } of reader.relationships()) {
      const relationship = { id, type: nameOf(types, type), start, end, properties: named(properties) };
      content.relationships.set(id, relationship);
    }
    return content;
  } finally {
    reader.close();
  }
}

/** A token without a name must not look like a named one. */
function nameOf(names: TokenNames, id: number): string {
  return names.name(id) ?? `(token ${id} has no name)`;
}

/**
 * The differences, one line each, in both directions. Empty = equal in every id, label, type, end node, property key, value type and bit.
 */
export function findGraphDifferences(expected: GraphContent, actual: GraphContent): string[] {
  return [
    ...compareMaps('node', expected.nodes, actual.nodes, compareNodes),
    ...compareMaps('relationship', expected.relationships, actual.relationships, compareRelationships),
  ];
}

function compareMaps<T>(
  what: string,
  expected: ReadonlyMap<number, T>,
  actual: ReadonlyMap<number, T>,
  compare: (expected: T, actual: T) => string[],
): string[] {
  const lines: string[] = [];
  for (const [id, item] of expected) {
    const other = actual.get(id);
    if (other === undefined) lines.push(`${what} ${id} is missing`);
    else for (const difference of compare(item, other)) lines.push(`${what} ${id}: ${difference}`);
  }
  for (const id of actual.keys()) if (!expected.has(id)) lines.push(`${what} ${id} should not be there`);
  return lines;
}

function compareNodes(expected: GraphNode, actual: GraphNode): string[] {
  const [wanted, found] = [expected, actual].map(({ labels }) => [...labels].sort().join(':'));
  const lines = wanted === found ? [] : [`labels are ${found}, not ${wanted}`];
  return [...lines, ...compareProperties(expected.properties, actual.properties)];
}

function compareRelationships(expected: GraphRelationship, actual: GraphRelationship): string[] {
  const [wanted, found] = [expected, actual].map(({ start, type, end }) => `(${start})-[:${type}]->(${end})`);
  const lines = wanted === found ? [] : [`it is ${found}, not ${wanted}`];
  return [...lines, ...compareProperties(expected.properties, actual.properties)];
}

function compareProperties(expected: Properties, actual: Properties): string[] {
  const lines: string[] = [];
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const [wanted, found] = [expected[key], actual[key]];
    if (isSameValue(wanted, found)) continue;
    if (found === undefined) lines.push(`property ${key} is missing`);
    else if (wanted === undefined) lines.push(`property ${key} should not be there`);
    else lines.push(`property ${key} is not the ${wanted.type} that was written`);
  }
  return lines;
}
