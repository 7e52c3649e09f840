import { Dice } from '../../../src/base/dice.ts';
import { randomBits } from '../../support/random/random-bits.ts';
import type { Statement } from './bolt.ts';
import { canonicalValue } from './graph-export.ts';
import { Float64, Structure, tags, type Value } from './packstream.ts';

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
 * What one ledger worker does, as a pure function of (seed, worker, sequence number). `step` returns the statements of the next transaction
 * and advances this model, so the model after n steps is the graph after n transactions.
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
    const dice = new Dice(this.seed * 31 + this.worker * 1_000_003 + this.sequence * 7919);
    const key = `${this.worker}-${this.sequence}`;
    const choice = dice.between(0, 99);
    if (choice < 35 || this.items.size < 3) return [this.create(key, dice)];
    if (choice < 55) return [this.change(dice)];
    if (choice < 80) return [this.connect(key, dice)];
    if (choice < 87) return [this.toggleLabel(dice)];
    if (choice < 94) return this.disconnect(dice);
    return [this.remove(dice)];
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

  private create(key: string, dice: Dice): Statement {
    const item: Item = { labels: new Set(['Item']), props: new Map(properties(dice, 5)) };
    this.items.set(key, item);
    return {
      statement: 'CREATE (n:Item {key: $key}) SET n += $props',
      params: { key, props: Object.fromEntries(item.props) },
    };
  }

  private change(dice: Dice): Statement {
    const [key, item] = dice.pick([...this.items]);
    const changes = properties(dice, 3).map(([name, value]) => [name, dice.chance(0.3) ? null : value] as const);
    apply(item.props, changes);
    return {
      statement: 'MATCH (n:Item {key: $key}) SET n += $props',
      params: { key, props: Object.fromEntries(changes) },
    };
  }

  private toggleLabel(dice: Dice): Statement {
    const [key, item] = dice.pick([...this.items]);
    const label = `Tag${dice.between(0, 15)}`;
    const present = item.labels.delete(label);
    if (!present) item.labels.add(label);
    return { statement: `MATCH (n:Item {key: $key}) ${present ? 'REMOVE' : 'SET'} n:${label}`, params: { key } };
  }

  private connect(key: string, dice: Dice): Statement {
    const keys = [...this.items.keys()];
    const from = dice.pick(keys);
    const to = dice.chance(0.6) ? `hub${dice.between(0, hubCount - 1)}` : dice.pick(keys);
    const type = dice.pick(['ONE', 'TWO', 'THREE']);
    const edge: Edge = { type, from, to, props: new Map(properties(dice, 2)) };
    this.edges.set(key, edge);
    const target = to.startsWith('hub') ? '(b:LedgerHub {hub: $to})' : '(b:Item {key: $to})';
    return {
      statement: `MATCH (a:Item {key: $from}) MATCH ${target} CREATE (a)-[r:${type} {key: $key}]->(b) SET r += $props`,
      params: { from, to, key, props: Object.fromEntries(edge.props) },
    };
  }

  private disconnect(dice: Dice): Statement[] {
    if (this.edges.size === 0) return [];
    const [key, edge] = dice.pick([...this.edges]);
    this.edges.delete(key);
    return [{ statement: 'MATCH (:Item {key: $from})-[r {key: $key}]->() DELETE r', params: { from: edge.from, key } }];
  }

  private remove(dice: Dice): Statement {
    const key = dice.pick([...this.items.keys()]);
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

function properties(dice: Dice, max: number): [string, Value][] {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const chosen = new Map<string, Value>();
  for (let i = dice.between(0, max); i > 0; i--) chosen.set(dice.pick(names), value(dice));
  return [...chosen];
}

function value(dice: Dice): Value {
  switch (dice.between(0, 6)) {
    case 0:
      return dice.between(-1000, 1000);
    case 1:
      return BigInt.asIntN(64, randomBits(dice));
    case 2:
      return new Float64(dice.between(-9999, 9999) / 16);
    case 3:
      return 'text '.repeat(dice.between(0, 80));
    case 4:
      return Array.from({ length: dice.between(1, 60) }, () => dice.between(0, 1_000_000));
    case 5:
      return new Structure(tags.date, [dice.between(-10_000, 30_000)]);
    default:
      return dice.chance(0.5);
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
