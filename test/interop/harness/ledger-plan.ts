import type { Statement } from './bolt.ts';
import { canonicalValue } from './graph-export.ts';
import { Float64, Structure, tags, type Value } from './packstream.ts';
import { Random } from './random.ts';

export const hubCount = 3;

interface Item {
  labels: Set<string>;
  props: Map<string, Value>;
}

interface Edge {
  readonly type: string;
  /** Key of an item, or `hub<n>`. */
  readonly from: string;
  readonly to: string;
  props: Map<string, Value>;
}

/**
 * What one ledger worker does, as a pure function of (seed, worker, sequence number): `step` gives the statements of
 * the next transaction and moves this model on, so the model after n steps is the graph after n transactions.
 */
export class LedgerPlan {
  sequence = 0;
  private readonly items = new Map<string, Item>();
  private readonly edges = new Map<string, Edge>();

  constructor(
    private readonly seed: number,
    readonly worker: number,
  ) {}

  /** The statements of transaction `sequence + 1`, which then counts as done. */
  step(): Statement[] {
    this.sequence++;
    const random = new Random(this.seed * 31 + this.worker * 1_000_003 + this.sequence * 7919);
    const key = `${this.worker}-${this.sequence}`;
    const choice = random.integer(0, 99);
    if (choice < 35 || this.items.size < 3) return [this.create(key, random)];
    if (choice < 55) return [this.change(random)];
    if (choice < 80) return [this.connect(key, random)];
    if (choice < 87) return [this.toggleLabel(random)];
    if (choice < 94) return this.disconnect(random);
    return [this.remove(random)];
  }

  /** The graph of this worker as lines that `readLedger` finds in a database. */
  describe(): string[] {
    return [
      ...[...this.items].map(([key, item]) => describeItem(key, [...item.labels], Object.fromEntries(item.props))),
      ...[...this.edges].map(([key, { type, from, to, props }]) =>
        describeEdge(key, type, from, to, Object.fromEntries(props)),
      ),
    ];
  }

  private create(key: string, random: Random): Statement {
    const item: Item = { labels: new Set(['Item']), props: new Map(properties(random, 5)) };
    this.items.set(key, item);
    return {
      statement: 'CREATE (n:Item {key: $key}) SET n += $props',
      params: { key, props: Object.fromEntries(item.props) },
    };
  }

  private change(random: Random): Statement {
    const [key, item] = random.pick([...this.items]);
    const changes = properties(random, 3).map(([name, value]) => [name, random.chance(0.3) ? null : value] as const);
    apply(item.props, changes);
    return {
      statement: 'MATCH (n:Item {key: $key}) SET n += $props',
      params: { key, props: Object.fromEntries(changes) },
    };
  }

  private toggleLabel(random: Random): Statement {
    const [key, item] = random.pick([...this.items]);
    const label = `Tag${random.integer(0, 15)}`;
    const present = item.labels.delete(label);
    if (!present) item.labels.add(label);
    return { statement: `MATCH (n:Item {key: $key}) ${present ? 'REMOVE' : 'SET'} n:${label}`, params: { key } };
  }

  private connect(key: string, random: Random): Statement {
    const keys = [...this.items.keys()];
    const from = random.pick(keys);
    const to = random.chance(0.6) ? `hub${random.integer(0, hubCount - 1)}` : random.pick(keys);
    const type = random.pick(['ONE', 'TWO', 'THREE']);
    const edge: Edge = { type, from, to, props: new Map(properties(random, 2)) };
    this.edges.set(key, edge);
    const target = to.startsWith('hub') ? '(b:LedgerHub {hub: $to})' : '(b:Item {key: $to})';
    return {
      statement: `MATCH (a:Item {key: $from}) MATCH ${target} CREATE (a)-[r:${type} {key: $key}]->(b) SET r += $props`,
      params: { from, to, key, props: Object.fromEntries(edge.props) },
    };
  }

  private disconnect(random: Random): Statement[] {
    if (this.edges.size === 0) return [];
    const [key, edge] = random.pick([...this.edges]);
    this.edges.delete(key);
    return [{ statement: 'MATCH (:Item {key: $from})-[r {key: $key}]->() DELETE r', params: { from: edge.from, key } }];
  }

  private remove(random: Random): Statement {
    const key = random.pick([...this.items.keys()]);
    this.items.delete(key);
    for (const [edgeKey, edge] of this.edges) if (edge.from === key || edge.to === key) this.edges.delete(edgeKey);
    return { statement: 'MATCH (n:Item {key: $key}) DETACH DELETE n', params: { key } };
  }
}

function apply(props: Map<string, Value>, changes: readonly (readonly [string, Value])[]): void {
  for (const [name, value] of changes) {
    if (value === null) props.delete(name);
    else props.set(name, value);
  }
}

function properties(random: Random, max: number): [string, Value][] {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const chosen = new Map<string, Value>();
  for (let i = random.integer(0, max); i > 0; i--) chosen.set(random.pick(names), value(random));
  return [...chosen];
}

function value(random: Random): Value {
  switch (random.integer(0, 6)) {
    case 0:
      return random.integer(-1000, 1000);
    case 1:
      return BigInt.asIntN(64, random.bits64());
    case 2:
      return new Float64(random.integer(-9999, 9999) / 16);
    case 3:
      return 'text '.repeat(random.integer(0, 80));
    case 4:
      return Array.from({ length: random.integer(1, 60) }, () => random.integer(0, 1_000_000));
    case 5:
      return new Structure(tags.date, [random.integer(-10_000, 30_000)]);
    default:
      return random.chance(0.5);
  }
}

export function describeItem(key: string, labels: readonly string[], props: Readonly<Record<string, Value>>): string {
  return `item ${key} ${[...labels].sort().join(':')} ${describeProperties(props)}`;
}

export function describeEdge(
  key: string,
  type: string,
  from: string,
  to: string,
  props: Readonly<Record<string, Value>>,
): string {
  return `edge ${key} ${from}-${type}->${to} ${describeProperties(props)}`;
}

function describeProperties(props: Readonly<Record<string, Value>>): string {
  return Object.entries(props)
    .filter(([name]) => name !== 'key')
    .map(([name, item]) => `${name}=${canonicalValue(item)}`)
    .sort()
    .join(' ');
}
