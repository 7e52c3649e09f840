import type { Operation } from './load-operations.ts';
import type { CypherTarget } from './server.ts';

/**
 * Explicit ("legacy") indexes: named Lucene indexes filled by hand, with their own commands in the log and files
 * nothing else can rebuild. Entries here use a small vocabulary, so that looking up every word shows the content.
 */
const words = ['alpha', 'beta', 'gamma', 'delta', 'two words', 'ÅÄÖ'];
const nodeIndex = 'people';
const relationshipIndex = 'links';

export async function createExplicitIndexes(server: CypherTarget): Promise<void> {
  await server.cypher('CALL db.index.explicit.forNodes($name)', { name: nodeIndex });
  await server.cypher('CALL db.index.explicit.forRelationships($name)', { name: relationshipIndex });
}

// Nodes and relationships in these indexes are the load's own: a lookup that meets a deleted one fails in the server.
const explicitIndexOperations: readonly Operation[] = [
  {
    name: 'create a node in an explicit index',
    weight: 5,
    plan: (random, state) => ({
      statement: `CREATE (n:Filed) WITH n CALL db.index.explicit.addNode('${nodeIndex}', n, 'word', $word) YIELD success RETURN id(n)`,
      params: { word: random.pick(words) },
      done: (rows) => state.filed.add(rows[0]![0] as number),
    }),
  },
  {
    name: 'add a word for a node',
    weight: 3,
    plan: (random, state) => {
      const id = state.filed.take(random); // So that nobody deletes it meanwhile.
      if (id === undefined) return undefined;
      return {
        statement: `MATCH (n) WHERE id(n) = $id CALL db.index.explicit.addNode('${nodeIndex}', n, 'word', $word) YIELD success RETURN success`,
        params: { id, word: random.pick(words) },
        done: () => state.filed.add(id),
      };
    },
  },
  {
    name: 'remove a node from an explicit index and delete it',
    weight: 2,
    plan: (random, state) => {
      const id = state.filed.take(random);
      if (id === undefined) return undefined;
      return {
        statement: `MATCH (n) WHERE id(n) = $id CALL db.index.explicit.removeNode('${nodeIndex}', n, 'word') YIELD success DELETE n`,
        params: { id },
      };
    },
  },
  {
    name: 'create a relationship in an explicit index',
    weight: 3,
    plan: (random) => ({
      statement: `CREATE (:FiledEnd)-[r:FILED]->(:FiledEnd) WITH r CALL db.index.explicit.addRelationship('${relationshipIndex}', r, 'word', $word) YIELD success RETURN success`,
      params: { word: random.pick(words) },
    }),
  },
];

/** Every explicit index with its configuration, and what the vocabulary finds in it. */
export async function describeExplicitIndexes(server: CypherTarget): Promise<string[]> {
  const { rows } = await server.cypher(
    'CALL db.index.explicit.list() YIELD type, name, config RETURN type, name, config',
  );
  const lines: string[] = [];
  for (const [type, name, config] of rows) {
    lines.push(`${type} ${name} ${JSON.stringify(Object.entries(config as object).sort())}`);
    const statement =
      type === 'NODE'
        ? "CALL db.index.explicit.seekNodes($name, 'word', $word) YIELD node RETURN id(node) AS id ORDER BY id"
        : "CALL db.index.explicit.seekRelationships($name, 'word', $word) YIELD relationship RETURN id(relationship) AS id ORDER BY id";
    for (const word of words) {
      const found = await server.cypher(statement, { name: name as string, word });
      lines.push(`${type} ${name} ${word}: ${found.rows.join(',')}`);
    }
  }
  return lines.sort();
}

/**
 * Adds the operations on explicit indexes, and leaves out those that delete by a remembered id: the id may have been reused by something in
 * an explicit index, and that index then fails on a lookup of the deleted entity.
 */
export function withExplicitIndexes(operations: readonly Operation[]): Operation[] {
  const forgetful = ['delete a relationship', 'delete a node with its relationships'];
  return [...operations.filter(({ name }) => !forgetful.includes(name)), ...explicitIndexOperations];
}
