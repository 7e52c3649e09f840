import { describe, expect, it } from 'vitest';
import { findGraphDifferences } from './graph-differences.ts';
import { GraphContent } from './recorded-graph.ts';

function content(): GraphContent {
  const graph = new GraphContent();
  for (let id = 0; id < 3; id++) {
    graph.nodes.set(id, { id, labels: ['A', 'B'], properties: { x: { type: 'int', value: id } } });
  }
  graph.relationships.set(7, { id: 7, type: 'T', start: 0, end: 1, properties: { y: { type: 'double', bits: 0n } } });
  return graph;
}

const changes: [string, (graph: GraphContent) => unknown, string][] = [
  ['a lost node', ({ nodes }) => nodes.delete(2), 'node 2 is missing'],
  ['a node too many', ({ nodes }) => nodes.set(9, { id: 9, labels: [], properties: {} }), 'node 9 should not be there'],
  ['a label', ({ nodes }) => nodes.get(1)!.labels.push('C'), 'node 1: labels are A:B:C, not A:B'],
  [
    'a value',
    (g) => Object.assign(g.nodes.get(1)!.properties, { x: { type: 'int', value: 5 } }),
    'is not the int that',
  ],
  [
    'a type',
    (g) => Object.assign(g.nodes.get(1)!.properties, { x: { type: 'long', value: 1n } }),
    'is not the int that',
  ],
  ['a lost property', ({ nodes }) => delete nodes.get(1)!.properties.x, 'node 1: property x is missing'],
  [
    'a property too many',
    (g) => Object.assign(g.nodes.get(1)!.properties, { z: { type: 'int', value: 1 } }),
    'property z',
  ],
  ['a lost relationship', ({ relationships }) => relationships.delete(7), 'relationship 7 is missing'],
  ['an end', (g) => Object.assign(g.relationships.get(7)!, { end: 2 }), 'it is (0)-[:T]->(2), not (0)-[:T]->(1)'],
  [
    'negative zero',
    (g) => Object.assign(g.relationships.get(7)!.properties, { y: { type: 'double', bits: 1n << 63n } }),
    'relationship 7: property y is not the double that was written',
  ],
];

describe('two graphs', () => {
  it('two graphs are equal whatever the order', () => {
    const other = content();
    other.nodes.get(0)!.labels.reverse();
    expect(findGraphDifferences(content(), other)).toEqual([]);
  });

  it.each(changes)('two graphs differ in %s, both ways', (_name, change, line) => {
    const other = content();
    change(other);
    const lines = findGraphDifferences(content(), other);
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain(line);
    expect(findGraphDifferences(other, content()).length).toBe(1);
  });
});
