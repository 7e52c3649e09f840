import type { Dice } from '../../../src/base/dice.ts';
import type { LoadState } from './load-state.ts';
import type { Value } from './packstream.ts';
import { randomIndexedValue, randomValue } from './property-values.ts';
import { indexedKeys } from './schema.ts';

/** One statement of a transaction, and what to remember when it committed. */
export interface Step {
  readonly statement: string;
  readonly params?: Readonly<Record<string, Value>>;
  done?(rows: readonly (readonly Value[])[]): void;
}

/** A kind of write. `plan` returns nothing if there is nothing to work on yet. */
export interface Operation {
  readonly name: string;
  readonly weight: number;
  plan(dice: Dice, state: LoadState): Step | undefined;
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

function sentence(dice: Dice): string {
  return Array.from({ length: dice.between(1, 40) }, () => dice.pick(words)).join(' ');
}

function valueFor(key: string, dice: Dice, state: LoadState): Value {
  if (textKeys.includes(key)) return sentence(dice);
  if (key === 'uid') return state.nextUid++;
  const indexed = (indexedKeys as readonly string[]).includes(key);
  return indexed ? randomIndexedValue(dice, state.indexedKinds) : randomValue(dice, state.kinds);
}

function someProperties(dice: Dice, state: LoadState, keys: readonly string[], max: number): Record<string, Value> {
  const count = dice.between(0, max);
  return Object.fromEntries(
    Array.from({ length: count }, () => {
      const key = dice.pick(keys);
      return [key, valueFor(key, dice, state)];
    }),
  );
}

const nodeKeys = [...freeKeys, ...textKeys, 'name', 'name', 'mixed', 'mixed', 'first', 'second', 'first', 'second'];
const nodeProperties = (dice: Dice, state: LoadState) => someProperties(dice, state, nodeKeys, 9);
const relationshipProperties = (dice: Dice, state: LoadState) =>
  dice.chance(0.4) ? {} : someProperties(dice, state, [...freeKeys, 'title'], 4);

function remember(pool: { add(id: number): void }) {
  return (rows: readonly (readonly Value[])[]) => {
    for (const row of rows) for (const id of row) if (typeof id === 'number') pool.add(id);
  };
}

function randomType(dice: Dice): string {
  return dice.chance(0.1) ? 'DATED' : dice.pick(types);
}

function connect(dice: Dice, state: LoadState, start: number | undefined, end: number | undefined): Step | undefined {
  if (start === undefined || end === undefined) return undefined;
  const type = randomType(dice);
  const props = relationshipProperties(dice, state);
  if (type === 'DATED') props.since = dice.between(1900, 2030);
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
    plan: (dice, state) => ({
      statement: `CREATE (n${dice.pick(labelSets)}) SET n += $props RETURN id(n)`,
      params: { props: nodeProperties(dice, state) },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create a person, sometimes a duplicate',
    weight: 3,
    plan: (dice, state) => ({
      statement: 'CREATE (n:Person {uid: $uid}) SET n += $props RETURN id(n)',
      params: {
        uid: dice.chance(0.03) ? dice.between(1, state.nextUid) : state.nextUid++,
        props: nodeProperties(dice, state),
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create a node with a node key',
    weight: 2,
    plan: (dice, state) => ({
      statement: 'CREATE (n:Key {code: $code, region: $region}) RETURN id(n)',
      params: {
        code: randomIndexedValue(dice, state.indexedKinds),
        region: `region ${dice.between(0, 1_000_000)}`,
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create two connected nodes',
    weight: 5,
    plan: (dice, state) => ({
      statement: `CREATE (a:L1)-[r:${dice.pick(types)}]->(b${dice.pick(labelSets)}) SET a += $a, b += $b, r += $r RETURN id(a), id(b)`,
      params: {
        a: nodeProperties(dice, state),
        b: nodeProperties(dice, state),
        r: relationshipProperties(dice, state),
      },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'create many nodes',
    weight: 1,
    plan: (dice, state) => ({
      statement: 'UNWIND $rows AS row CREATE (n:Bulk:Thing) SET n += row RETURN id(n)',
      params: { rows: Array.from({ length: dice.between(5, 60) }, () => nodeProperties(dice, state)) },
      done: remember(state.nodes),
    }),
  },
  {
    name: 'connect two nodes, sometimes a loop',
    weight: 10,
    plan: (dice, state) => {
      const start = state.nodes.pick(dice);
      return connect(dice, state, start, dice.chance(0.05) ? start : state.nodes.pick(dice));
    },
  },
  {
    name: 'connect a node to a hub, either way',
    weight: 8,
    plan: (dice, state) => {
      const node = state.nodes.pick(dice);
      const hub = dice.pick(state.hubs);
      return dice.chance(0.5) ? connect(dice, state, node, hub) : connect(dice, state, hub, node);
    },
  },
  {
    name: 'connect two hubs, sometimes a loop',
    weight: 2,
    plan: (dice, state) => connect(dice, state, dice.pick(state.hubs), dice.pick(state.hubs)),
  },
  {
    name: 'make a node dense at once',
    weight: 1,
    plan: (dice, state) =>
      change(
        state.nodes.pick(dice),
        `UNWIND range(1, $count) AS i CREATE (n)-[:${dice.pick(types)} {i: i}]->(m:Leaf {i: i})`,
        { count: dice.between(45, 80) },
      ),
  },
  {
    name: 'change, add and remove properties of a node',
    weight: 14,
    plan: (dice, state) => {
      const props = nodeProperties(dice, state);
      for (const key of Object.keys(props)) if (dice.chance(0.3)) props[key] = null;
      return change(state.nodes.pick(dice), 'SET n += $props', { props });
    },
  },
  {
    name: 'replace all properties of a node',
    weight: 3,
    plan: (dice, state) => change(state.nodes.pick(dice), 'SET n = $props', { props: nodeProperties(dice, state) }),
  },
  {
    name: 'change properties of a relationship',
    weight: 6,
    plan: (dice, state) => {
      const id = state.relationships.pick(dice);
      const props: Record<string, Value> = relationshipProperties(dice, state);
      for (const key of Object.keys(props)) if (dice.chance(0.3)) props[key] = null;
      if (id === undefined) return undefined;
      return { statement: 'MATCH ()-[r]->() WHERE id(r) = $id SET r += $props', params: { id, props } };
    },
  },
  {
    name: 'add a label',
    weight: 5,
    plan: (dice, state) => change(state.nodes.pick(dice), `SET n:${dice.pick([...labels, 'Thing', 'Doc'])}`),
  },
  {
    name: 'add many labels',
    weight: 1,
    plan: (dice, state) => change(state.nodes.pick(dice), `SET n:${labels.slice(3, 18).join(':')}`),
  },
  {
    name: 'remove a label',
    weight: 5,
    plan: (dice, state) => change(state.nodes.pick(dice), `REMOVE n:${dice.pick([...labels, 'Thing', 'Doc'])}`),
  },
  {
    name: 'delete a relationship',
    weight: 7,
    plan: (dice, state) => {
      const id = state.relationships.take(dice);
      if (id === undefined) return undefined;
      return { statement: 'MATCH ()-[r]->() WHERE id(r) = $id DELETE r', params: { id } };
    },
  },
  {
    name: 'delete a node with its relationships',
    weight: 5,
    plan: (dice, state) => change(state.nodes.take(dice), 'DETACH DELETE n'),
  },
  {
    name: 'delete leaves of a dense node',
    weight: 1,
    plan: (dice) => ({
      statement: 'MATCH (n:Leaf) WHERE n.i % 7 = $rest WITH n LIMIT 30 DETACH DELETE n',
      params: { rest: dice.between(0, 6) },
    }),
  },
  {
    name: 'create and delete in one transaction',
    weight: 1,
    plan: (dice, state) => ({
      statement: 'CREATE (n:Gone)-[r:NEXT]->(m:Gone) SET n += $props DELETE r, n, m',
      params: { props: nodeProperties(dice, state) },
    }),
  },
  {
    name: 'new tokens',
    weight: 1,
    plan: (dice, state) => {
      const number = state.nextToken++;
      if (number > 60 && dice.chance(0.9)) return undefined;
      const name = `${number}_${dice.chance(0.3) ? 'a_long_token_name_that_needs_several_records' : 'x'}`;
      return {
        statement: `CREATE (n:Label_${name} {key_${name}: $value})-[:TYPE_${name}]->(m:L0) RETURN id(n), id(m)`,
        params: { value: randomValue(dice, state.kinds) },
        done: remember(state.nodes),
      };
    },
  },
];
