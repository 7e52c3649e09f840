import { StoreWriter } from '../../../src/store/build/store-writer.ts';
import type { StoreFormat } from '../../../src/store/files/store-format.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import type { Dice } from '../random/dice.ts';

export interface SampleGraph {
  format: StoreFormat;
  nodes: number;
  relationships: number;
  denseThreshold?: number;
}

/** Writes a store with a random graph: dense nodes and loops, inline and dynamic labels, property chains, long strings and arrays. */
export async function writeSampleGraph(directory: string, dice: Dice, graph: SampleGraph): Promise<void> {
  const { format, denseThreshold = 4 } = graph;
  const store = new StoreWriter(directory, { format, denseThreshold });
  const types = ['A', 'B', 'C'].map((name) => store.relationshipType(name));
  const labels = Array.from({ length: 12 }, (_, i) => store.label(`L${i}`));
  const keys = Array.from({ length: 9 }, (_, i) => store.propertyKey(`k${i}`));
  const properties = () => dice.some(keys, 0.3).map((key) => ({ key, value: sampleValue(dice) }));
  for (let i = 0; i < graph.nodes; i++) {
    store.addNode({ labels: dice.some(labels, dice.chance(0.1) ? 0.8 : 0.1), properties: properties() });
  }
  // A few nodes get most of the relationships.
  const node = () => (dice.chance(0.5) ? dice.below(Math.min(5, graph.nodes)) : dice.below(graph.nodes));
  for (let i = 0; i < graph.relationships; i++) {
    store.addRelationship({ type: dice.pick(types), start: node(), end: node(), properties: properties() });
  }
  await store.finish();
}

function sampleValue(dice: Dice): PropertyValue {
  switch (dice.below(5)) {
    case 0:
      return { type: 'int', value: dice.below(1000) };
    case 1:
      return { type: 'long', value: BigInt(dice.below(2 ** 31)) << 20n };
    case 2:
      return { type: 'string', value: 'a long one, ä '.repeat(dice.between(6, 30)) };
    case 3:
      return { type: 'point', srid: 7203, coordinates: [1n, 2n] };
    default:
      return {
        type: 'array',
        of: 'long',
        elements: Array.from({ length: dice.between(5, 60) }, () => ({
          type: 'long',
          value: BigInt(dice.below(2 ** 31)),
        })),
      };
  }
}
