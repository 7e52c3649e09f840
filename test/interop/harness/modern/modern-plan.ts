import { Dice } from '../../../../src/base/dice.ts';
import type { JsonValue, ModernStatement } from './cypher-over-http.ts';
import { describeProperties, type ModernValue } from './jolt.ts';
import { type RandomProperty, randomPlain, randomTyped, typedAssignments, typedNames } from './random-properties.ts';

/** Dense nodes that all writers share. */
export const hubKeys = ['hub0', 'hub1', 'hub2'] as const;
export const writerKey = (writer: number) => `writer${writer}`;
export const relationshipTypes = ['ONE', 'TWO', 'THREE'] as const;
export const itemTags = Array.from({ length: 8 }, (_, i) => `Tag${i}`);

/** A writer deletes more than it creates when it has this many nodes. */
const FULL = 400;

export interface PlannedItem {
  readonly labels: Set<string>;
  readonly properties: Map<string, ModernValue>;
}

export interface PlannedEdge {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly properties: Map<string, ModernValue>;
}

/**
 * What one writer does, as a pure function of (seed, writer, number of the transaction). `step` returns the statements of the next
 * transaction and applies them here, so after n steps this is what n transactions leave.
 */
export class ModernPlan {
  /** Number of the last transaction. */
  sequence = 0;
  readonly items = new Map<string, PlannedItem>();
  readonly edges = new Map<string, PlannedEdge>();

  constructor(
    private readonly seed: number,
    readonly writer: number,
  ) {}

  /** The plan after this many transactions. */
  static at(seed: number, writer: number, sequence: number): ModernPlan {
    const plan = new ModernPlan(seed, writer);
    while (plan.sequence < sequence) plan.step();
    return plan;
  }

  /** The statements of the next transaction, which then counts as done. The last one sets the number of the writer. */
  step(): ModernStatement[] {
    this.sequence++;
    const dice = new Dice(this.seed * 31 + this.writer * 1_000_003 + this.sequence * 7919);
    const statements: ModernStatement[] = [];
    for (let part = dice.between(1, 5); part > 0; part--) {
      const statement = this.choose(`${this.writer}-${this.sequence}-${part}`, dice);
      if (statement !== undefined) statements.push(statement);
    }
    const counter = 'MATCH (n:Writer {key: $key}) SET n.number = $number';
    return [...statements, { statement: counter, parameters: { key: writerKey(this.writer), number: this.sequence } }];
  }

  private choose(key: string, dice: Dice): ModernStatement | undefined {
    if (this.items.size < 5) return this.create(key, dice);
    const choice = dice.between(0, 99);
    if (choice < (this.items.size < FULL ? 20 : 2)) return this.create(key, dice);
    if (choice < 40) return this.changePlain(key, dice);
    if (choice < 52) return this.changeTyped(dice);
    if (choice < 62) return this.toggleLabel(dice);
    if (choice < 80) return this.connect(key, dice);
    if (choice < 86) return this.changeEdges(key, dice);
    if (choice < 92) return this.disconnect(dice);
    return this.remove(dice);
  }

  private create(key: string, dice: Dice): ModernStatement {
    const rows = Array.from({ length: dice.between(2, 6) }, (_, i) => {
      const own = { key: `${key}-${i}`, plain: randomPlain(dice, `only_${key}`), typed: randomTyped(dice) };
      const item: PlannedItem = { labels: new Set(['Item']), properties: new Map([['key', own.key]]) };
      apply(item.properties, [...own.plain, ...own.typed]);
      this.items.set(own.key, item);
      return { key: own.key, properties: parameters(own.plain), ...parameters(own.typed) };
    });
    const statement = `UNWIND $rows AS row CREATE (n:Item {key: row.key}) SET n += row.properties, ${typedAssignments('n', 'row')}`;
    return { statement, parameters: { rows } };
  }

  private changePlain(key: string, dice: Dice): ModernStatement {
    const rows = this.pickItems(dice).map(([itemKey, item]) => {
      const changes = new Map(randomPlain(dice, `only_${key}`));
      for (const name of changes.keys()) if (dice.chance(0.25)) changes.set(name, gone);
      apply(item.properties, changes);
      return { key: itemKey, properties: parameters(changes) };
    });
    const statement = 'UNWIND $rows AS row MATCH (n:Item {key: row.key}) SET n += row.properties';
    return { statement, parameters: { rows } };
  }

  private changeTyped(dice: Dice): ModernStatement {
    const rows = this.pickItems(dice).map(([key, item]) => {
      const changes = randomTyped(dice);
      apply(
        item.properties,
        typedNames.map((name) => [name, changes.get(name) ?? gone] as const),
      );
      return { key, ...parameters(changes) };
    });
    const statement = `UNWIND $rows AS row MATCH (n:Item {key: row.key}) SET ${typedAssignments('n', 'row')}`;
    return { statement, parameters: { rows } };
  }

  private toggleLabel(dice: Dice): ModernStatement {
    const [key, { labels }] = dice.pick([...this.items]);
    const tag = dice.pick(itemTags);
    const present = labels.delete(tag);
    if (!present) labels.add(tag);
    return { statement: `MATCH (n:Item {key: $key}) ${present ? 'REMOVE' : 'SET'} n:${tag}`, parameters: { key } };
  }

  private connect(key: string, dice: Dice): ModernStatement {
    const keys = [...this.items.keys()];
    const toHub = dice.chance(0.6);
    const type = dice.pick(relationshipTypes);
    const rows = Array.from({ length: dice.between(1, 5) }, (_, i) => {
      const own = { key: `${key}-${i}`, from: dice.pick(keys), to: dice.pick(toHub ? hubKeys : keys) };
      const properties = edgeProperties(dice, key);
      const edge: PlannedEdge = { type, from: own.from, to: own.to, properties: new Map([['key', own.key]]) };
      apply(edge.properties, properties);
      this.edges.set(own.key, edge);
      return { ...own, properties: parameters(properties) };
    });
    const statement =
      `UNWIND $rows AS row MATCH (a:Item {key: row.from}) MATCH (b:${toHub ? 'Hub' : 'Item'} {key: row.to}) ` +
      `CREATE (a)-[r:${type} {key: row.key}]->(b) SET r += row.properties`;
    return { statement, parameters: { rows } };
  }

  private changeEdges(key: string, dice: Dice): ModernStatement | undefined {
    if (this.edges.size === 0) return undefined;
    const rows = pickSome(dice, this.edges).map(([edgeKey, edge]) => {
      const changes = edgeProperties(dice, key);
      apply(edge.properties, changes);
      return { key: edgeKey, from: edge.from, properties: parameters(changes) };
    });
    const statement =
      'UNWIND $rows AS row MATCH (:Item {key: row.from})-[r {key: row.key}]->() SET r += row.properties';
    return { statement, parameters: { rows } };
  }

  private disconnect(dice: Dice): ModernStatement | undefined {
    if (this.edges.size === 0) return undefined;
    const rows = pickSome(dice, this.edges).map(([key, { from }]) => ({ key, from }));
    for (const { key } of rows) this.edges.delete(key);
    const statement = 'UNWIND $rows AS row MATCH (:Item {key: row.from})-[r {key: row.key}]->() DELETE r';
    return { statement, parameters: { rows } };
  }

  private remove(dice: Dice): ModernStatement {
    const keys = this.pickItems(dice).map(([key]) => key);
    for (const key of keys) this.items.delete(key);
    for (const [key, { from, to }] of this.edges) if (keys.includes(from) || keys.includes(to)) this.edges.delete(key);
    return { statement: 'UNWIND $keys AS key MATCH (n:Item {key: key}) DETACH DELETE n', parameters: { keys } };
  }

  private pickItems(dice: Dice): [string, PlannedItem][] {
    return pickSome(dice, this.items);
  }
}

const gone: RandomProperty = { parameter: null, value: null };

/** One to four, each once. */
function pickSome<T>(dice: Dice, all: ReadonlyMap<string, T>): [string, T][] {
  const entries = [...all];
  return [...new Map(Array.from({ length: dice.between(1, 4) }, () => dice.pick(entries)))];
}

function edgeProperties(dice: Dice, key: string): Map<string, RandomProperty> {
  const chosen = randomPlain(dice, `only_${key}`);
  for (const name of ['body', 'embedding', 'numbers']) chosen.delete(name);
  return chosen;
}

function parameters(properties: ReadonlyMap<string, RandomProperty>): Record<string, JsonValue> {
  return Object.fromEntries([...properties].map(([name, { parameter }]) => [name, parameter]));
}

function apply(properties: Map<string, ModernValue>, changes: Iterable<readonly [string, RandomProperty]>): void {
  for (const [name, { value }] of changes) {
    if (value === null) properties.delete(name);
    else properties.set(name, value);
  }
}

/** A node as a line, in the form in which two graphs are compared. */
export function describeNode(labels: Iterable<string>, properties: Readonly<Record<string, ModernValue>>): string {
  return `node :${[...labels].sort().join(':')} ${describeProperties(properties)}`;
}

/** A relationship as a line. */
export function describeRelationship(
  type: string,
  from: string,
  to: string,
  properties: Readonly<Record<string, ModernValue>>,
): string {
  return `relationship ${from} -${type}-> ${to} ${describeProperties(properties)}`;
}
