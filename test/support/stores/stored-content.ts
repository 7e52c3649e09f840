import { StoreReader } from '../../../src/store/graph/store-reader.ts';
import { TokenNames } from '../../../src/store/graph/tokens.ts';
import type { KeyedValue } from '../../../src/store/values/property-chain.ts';
import type { GraphContent, ModelProperties } from '../history/model-graph.ts';

/** The graph in the files of a closed store, read whole. */
export function readContent(directory: string): GraphContent {
  const reader = new StoreReader(directory);
  try {
    const [labels, types, keys] = (['label', 'relationshipType', 'propertyKey'] as const).map(
      (kind) => new TokenNames(reader.tokens(kind)),
    ) as [TokenNames, TokenNames, TokenNames];
    const named = (properties: Iterable<KeyedValue>): ModelProperties =>
      Object.fromEntries([...properties].map(({ key, value }) => [keys.name(key)!, value]));
    return {
      nodes: [...reader.nodes()].map((node) => ({
        id: node.id,
        labels: node.labels.map((label) => labels.name(label)!),
        properties: named(node.properties),
      })),
      relationships: [...reader.relationships()].map(({ id, type, start, end, properties }) => ({
        ...{ id, type: types.name(type)!, start, end },
        properties: named(properties),
      })),
      graphProperties: named(reader.graphProperties()),
    };
  } finally {
    reader.close();
  }
}
