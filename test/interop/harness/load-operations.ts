import type { LoadState } from './load-state.ts';
import type { Value } from './packstream.ts';
import { randomIndexedValue, randomValue } from './property-values.ts';
import type { Random } from './random.ts';
import { indexedKeys } from './schema.ts';

/** One statement of a transaction, and what to remember when it committed. */
export interface Step {
  readonly statement: string;
  readonly params?: Readonly<Record<string, Value>>;
  done?(rows: readonly (readonly Value[])[]): void;
}

/** A kind of write. `plan` gives nothing when there is nothing to work on yet. */
export interface Operation {
  readonly name: string;
  readonly weight: number;
  plan(random: Random, state: LoadState): Step | undefined;
}

// Statement texts are drawn from a small set: every new text costs the server a compilation.
const types = ['KNOWS', 'LIKES', 'OWNS', 'MENTIONS', 'NEXT', 'PART_OF', 'A_TYPE_WITH_A_RATHER_LONG_NAME_OF_ITS_OWN'];
const labels = Array.from({ length: 24 }, (_, i) => `L${i}`);
const labelSets = [
  '',
  ':L0',
  ':L1:L2',
  ':L3:L4:L5',
  ':L2:L7:L11:L13',
  ':Thing',
  ':Thing:L0',
  ':Doc',
  ':Doc:Thing:L4',
  `:${labels.slice(0, 12).join(':')}`,
  `:${labels.join(':')}`,
];
const freeKeys = Array.from({ length: 12 }, (_, i) => `p${i}`);
const textKeys = ['title', 'body'];
const words =
  'graph node runs running backups backup quickly log logs page stored index trees leaf keeper the of'.split(' ');

function sentence(random: Random): string {
  return Array.from({ length: random.integer(1, 40) }, () => random.pick(words)).join(' ');
}

function valueFor(key: string, random: Random, state: LoadState): Value {
  if (textKeys.includes(key)) return sentence(random);
  if (key === 'uid') return state.nextUid++;
  const indexed = (indexedKeys as readonly string[]).includes(key);
  return indexed ? randomIndexedValue(random, state.indexedKinds) : randomValue(random, state.kinds);
}

function someProperties(random: Random, state: LoadState, keys: readonly string[], max: number): Record<string, Value> {
  const count = random.integer(0, max);
  return Object.fromEntries(
    Array.from({ length: count }, () => {
      const key = random.pick(keys);
      return [key, valueFor(key, random, state)];
    }),
  );
}

const nodeKeys = [...freeKeys, ...textKeys, 'name', 'name', 'mixed', 'mixed', 'first', 'second', 'first', 'second'];
const nodeProperties = (random: Random, state: LoadState) => someProperties(random, state, nodeKeys, 9);
const relationshipProperties = (random: Random, state: LoadState) =>
  random.chance(0.4) ? {} : someProperties(random, state, [...freeKeys, 'title'], 4);

function remember(pool: { add(id: number): void }) {
  return (rows: readonly (readonly Value[])[]) => {
    for (const row of rows) for (const id of row) if (typeof id === 'number') pool.add(id);
  };
}

function randomType(random: Random): string {
  return random.chance(0.1) ? 'DATED' : random.pick(types);
}

function connect(
  random: Random,
  state: LoadState,
  start: number | undefined,
  end: number | undefined,
): Step | undefined {
  if (start === undefined || end === undefined) return undefined;
  const type = randomType(random);
  const props = relationshipProperties(random, state);
  if (type === 'DATED') props.since = random.integer(1900, 2030);
  return {
    statement: `MATCH (a) WHERE id(a) = $a MATCH (b) WHERE id(b) = $b CREATE (a)-[r:${type}]->(b) SET r += $props RETURN id(r)`,
    params: { a: start, b: end, props },
    done: remember(state.relationships),
  };
}

function change(id: number | undefined, text: string, params: Record<string, Value> = {}) {
  return id === undefined ? undefined : { statement: `MATCH (n) WHERE id(n) = $id ${text}`, params: { id, ...params } };
}

export const operations: readonly Operation[] = [
  {
    name: 'create a node',
    weight: 10,
    plan: (random, state) => ({
      statement: `CREATE (n${random.pick(labelSets)}) SET n += $props RETURN id(n)`,
      params: { props: nodeProperties(random, state) },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create a person, sometimes a duplicate',
    weight: 3,
    plan: (random, state) => ({
      statement: 'CREATE (n:Person {uid: $uid}) SET n += $props RETURN id(n)',
      params: {
        uid: random.chance(0.03) ? random.integer(1, state.nextUid) : state.nextUid++,
        props: nodeProperties(random, state),
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create a node with a node key',
    weight: 2,
    plan: (random, state) => ({
      statement: 'CREATE (n:Key {code: $code, region: $region}) RETURN id(n)',
      params: {
        code: randomIndexedValue(random, state.indexedKinds),
        region: `region ${random.integer(0, 1_000_000)}`,
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create two connected nodes',
    weight: 5,
    plan: (random, state) => ({
      statement: `CREATE (a:L1)-[r:${random.pick(types)}]->(b${random.pick(labelSets)}) SET a += $a, b += $b, r += $r RETURN id(a), id(b)`,
      params: {
        a: nodeProperties(random, state),
        b: nodeProperties(random, state),
        r: relationshipProperties(random, state),
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create many nodes',
    weight: 1,
    plan: (random, state) => ({
      statement: 'UNWIND $rows AS row CREATE (n:Bulk:Thing) SET n += row RETURN id(n)',
      params: { rows: Array.from({ length: random.integer(5, 60) }, () => nodeProperties(random, state)) },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'connect two nodes, sometimes a loop',
    weight: 10,
    plan: (random, state) => {
      const start = state.nodes.pick(random);
      return connect(random, state, start, random.chance(0.05) ? start : state.nodes.pick(random));
    },
  },
  {
    name: 'connect a node to a hub, either way',
    weight: 8,
    plan: (random, state) => {
      const node = state.nodes.pick(random);
      const hub = random.pick(state.hubs);
      return random.chance(0.5) ? connect(random, state, node, hub) : connect(random, state, hub, node);
    },
  },
  {
    name: 'connect two hubs, sometimes a loop',
    weight: 2,
    plan: (random, state) => connect(random, state, random.pick(state.hubs), random.pick(state.hubs)),
  },
  {
    name: 'make a node dense at once',
    weight: 1,
    plan: (random, state) =>
      change(
        state.nodes.pick(random),
        `UNWIND range(1, $count) AS i CREATE (n)-[:${random.pick(types)} {i: i}]->(m:Leaf {i: i})`,
        { count: random.integer(45, 80) },
      ),
  },
  {
    name: 'change, add and remove properties of a node',
    weight: 14,
    plan: (random, state) => {
      const props = nodeProperties(random, state);
      for (const key of Object.keys(props)) if (random.chance(0.3)) props[key] = null;
      return change(state.nodes.pick(random), 'SET n += $props', { props });
    },
  },
  {
    name: 'replace all properties of a node',
    weight: 3,
    plan: (random, state) =>
      change(state.nodes.pick(random), 'SET n = $props', { props: nodeProperties(random, state) }),
  },
  {
    name: 'change properties of a relationship',
    weight: 6,
    plan: (random, state) => {
      const id = state.relationships.pick(random);
      const props: Record<string, Value> = relationshipProperties(random, state);
      for (const key of Object.keys(props)) if (random.chance(0.3)) props[key] = null;
      if (id === undefined) return undefined;
      return { statement: 'MATCH ()-[r]->() WHERE id(r) = $id SET r += $props', params: { id, props } };
    },
  },
  {
    name: 'add a label',
    weight: 5,
    plan: (random, state) => change(state.nodes.pick(random), `SET n:${random.pick([...labels, 'Thing', 'Doc'])}`),
  },
  {
    name: 'add many labels',
    weight: 1,
    plan: (random, state) => change(state.nodes.pick(random), `SET n:${labels.slice(3, 18).join(':')}`),
  },
  {
    name: 'remove a label',
    weight: 5,
    plan: (random, state) => change(state.nodes.pick(random), `REMOVE n:${random.pick([...labels, 'Thing', 'Doc'])}`),
  },
  {
    name: 'delete a relationship',
    weight: 7,
    plan: (random, state) => {
      const id = state.relationships.take(random);
      if (id === undefined) return undefined;
      return { statement: 'MATCH ()-[r]->() WHERE id(r) = $id DELETE r', params: { id } };
    },
  },
  {
    name: 'delete a node with its relationships',
    weight: 5,
    plan: (random, state) => change(state.nodes.take(random), 'DETACH DELETE n'),
  },
  {
    name: 'delete leaves of a dense node',
    weight: 1,
    plan: (random) => ({
      statement: 'MATCH (n:Leaf) WHERE n.i % 7 = $rest WITH n LIMIT 30 DETACH DELETE n',
      params: { rest: random.integer(0, 6) },
    }),
  },
  {
    name: 'create and delete in one transaction',
    weight: 1,
    plan: (random, state) => ({
      statement: 'CREATE (n:Gone)-[r:NEXT]->(m:Gone) SET n += $props DELETE r, n, m',
      params: { props: nodeProperties(random, state) },
    }),
  },
  {
    name: 'new tokens',
    weight: 1,
    plan: (random, state) => {
      const number = state.nextToken++;
      if (number > 60 && random.chance(0.9)) return undefined;
      const name = `${number}_${random.chance(0.3) ? 'a_long_token_name_that_needs_several_records' : 'x'}`;
      return {
        statement: `CREATE (n:Label_${name} {key_${name}: $value})-[:TYPE_${name}]->(m:L0) RETURN id(n), id(m)`,
        params: { value: randomValue(random, state.kinds) },
        done: remember(state.nodes),
      };
    },
  },
];
