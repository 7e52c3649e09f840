import fc from 'fast-check';
import type { RecordTransaction } from '../../../src/embedded/records/record-transaction.ts';
import type { Owner } from '../../../src/embedded/records/record-view.ts';
import type { SchemaRule } from '../../../src/store/graph/schema-rule.ts';
import type { KeyedValue } from '../../../src/store/values/property-chain.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { arbitraryValue } from '../random/arbitrary-values.ts';
import type { RecordMemory } from '../stores/record-memory.ts';
import type { WalkedGraph, WalkedProperties } from '../stores/record-walker.ts';

/** A change whose entity numbers select among whatever exists when it is made. */
export type GraphChange =
  | { kind: 'node'; labels: number[]; properties: KeyedValue[] }
  | { kind: 'relationship'; type: number; start: number; end: number; properties: KeyedValue[] }
  | { kind: 'labels'; pick: number; labels: number[] }
  | {
      kind: 'property';
      owner: 'node' | 'relationship' | 'graph';
      pick: number;
      key: number;
      value: PropertyValue | undefined;
    }
  | { kind: 'delete relationship' | 'delete node' | 'delete all'; pick: number }
  | { kind: 'rule'; action: 'create' | 'update' | 'drop'; pick: number; keys: number[] }
  | { kind: 'token'; token: 'label' | 'relationshipType' | 'propertyKey'; name: string };

/** Low numbers are most frequent, so that some nodes get many relationships. */
const pick = fc.oneof({ weight: 2, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(30) });
const labels = fc
  .oneof(
    fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
    fc.uniqueArray(fc.oneof(fc.nat(40), fc.constantFrom(1000, 2 ** 20, 2 ** 31 - 1)), { maxLength: 25 }),
  )
  .map((list) => list.sort((a, b) => a - b));
const key = fc.oneof({ weight: 4, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constant(2 ** 24 - 1) });
const smallValue: fc.Arbitrary<PropertyValue> = fc.oneof(
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.constantFrom('', 'short', 'ä'.repeat(20), 'long '.repeat(40)).map((value) => ({ type: 'string' as const, value })),
);
const value = fc.oneof({ weight: 2, arbitrary: arbitraryValue }, { weight: 1, arbitrary: smallValue });
const properties = fc.array(fc.record({ key, value }), { maxLength: 4 });
const keys = fc.array(fc.nat(9), { minLength: 1, maxLength: 20 });

const change: fc.Arbitrary<GraphChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('node' as const), labels, properties }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('relationship' as const),
      type: fc.nat(2),
      start: pick,
      end: pick,
      properties: fc.oneof(
        { weight: 3, arbitrary: fc.constant<KeyedValue[]>([]) },
        { weight: 1, arbitrary: properties },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('labels' as const), pick, labels }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('property' as const),
      owner: fc.constantFrom('node' as const, 'relationship' as const, 'graph' as const),
      pick,
      key,
      value: fc.option(value, { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('delete relationship' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('delete node' as const, 'delete all' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rule' as const),
      action: fc.constantFrom('create' as const, 'create' as const, 'update' as const, 'drop' as const),
      pick,
      keys,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('token' as const),
      token: fc.constantFrom('label' as const, 'relationshipType' as const, 'propertyKey' as const),
      name: fc.string({ unit: 'grapheme', maxLength: 70 }),
    }),
  },
);

/** Transactions of changes. */
export const graphHistory: fc.Arbitrary<GraphChange[][]> = fc.array(
  fc.oneof(fc.array(change, { maxLength: 4 }), fc.array(change, { maxLength: 25, size: 'max' })),
  { minLength: 1, maxLength: 12, size: 'max' },
);

/** The naive graph, to which every change is applied as well. */
export class GraphModel implements Omit<WalkedGraph, 'denseNodes'> {
  readonly nodes: WalkedGraph['nodes'] = new Map();
  readonly relationships: WalkedGraph['relationships'] = new Map();
  readonly graphProperties: WalkedProperties = new Map();
  readonly rules: WalkedGraph['rules'] = new Map();
  readonly tokens: WalkedGraph['tokens'] = new Map();
  private readonly store: RecordMemory;

  /** `graph` = the content of the store, empty by default. */
  constructor(store: RecordMemory, graph?: WalkedGraph) {
    this.store = store;
    if (graph === undefined) return;
    for (const part of ['nodes', 'relationships', 'graphProperties', 'rules', 'tokens'] as const) {
      for (const [id, value] of graph[part]) (this[part] as Map<unknown, unknown>).set(id, value);
    }
  }

  /** Makes the change here and in the transaction; does nothing if it needs an entity and there is none. */
  make(change: GraphChange, tx: RecordTransaction): void {
    switch (change.kind) {
      case 'node': {
        const id = this.store.take('node');
        tx.createNode(id, change.labels, change.properties);
        this.nodes.set(id, { labels: change.labels, properties: toMap(change.properties) });
        break;
      }
      case 'relationship':
        this.addRelationship(change, tx);
        break;
      case 'labels': {
        const id = choose(this.nodes, change.pick);
        if (id === undefined) return;
        tx.setLabels(id, change.labels);
        this.nodes.get(id)!.labels = change.labels;
        break;
      }
      case 'property':
        this.setProperty(change, tx);
        break;
      case 'token': {
        const id = this.store.take(change.token);
        tx.createToken(change.token, id, change.name);
        this.tokens.set(`${change.token} ${id}`, change.name);
        break;
      }
      case 'rule':
        this.changeRule(change, tx);
        break;
      default:
        this.delete(change, tx);
    }
  }

  private addRelationship(change: GraphChange & { kind: 'relationship' }, tx: RecordTransaction): void {
    const [start, end] = [choose(this.nodes, change.start), choose(this.nodes, change.end)];
    if (start === undefined || end === undefined) return;
    const id = this.store.take('relationship');
    tx.createRelationship(id, change.type, start, end, change.properties);
    this.relationships.set(id, { type: change.type, start, end, properties: toMap(change.properties) });
  }

  private setProperty(
    { owner: kind, pick, key, value }: GraphChange & { kind: 'property' },
    tx: RecordTransaction,
  ): void {
    const id = kind === 'graph' ? undefined : choose(this.tableOf(kind), pick);
    if (kind !== 'graph' && id === undefined) return;
    const owner: Owner = kind === 'graph' ? { kind } : { kind, id: id! };
    const properties = kind === 'graph' ? this.graphProperties : this.tableOf(kind).get(id!)!.properties;
    tx.setProperty(owner, key, value);
    if (value === undefined) properties.delete(key);
    else properties.set(key, value);
  }

  private changeRule({ action, pick, keys }: GraphChange & { kind: 'rule' }, tx: RecordTransaction): void {
    const id = action === 'create' ? this.store.take('schema') : choose(this.rules, pick);
    if (id === undefined) return;
    if (action === 'drop') {
      tx.dropRule(id);
      this.rules.delete(id);
      return;
    }
    const schema = { entity: 'node' as const, entityTokens: [pick], propertyKeys: keys, multi: false };
    const name = `constraint_${id}`;
    const rule: SchemaRule = { kind: 'constraint', id, type: 'node-key', ownedIndex: pick, schema, name };
    if (action === 'create') tx.createRule(rule);
    else tx.updateRule(rule);
    this.rules.set(id, rule);
  }

  private delete(change: GraphChange & { kind: `delete ${string}` }, tx: RecordTransaction): void {
    const node = change.kind === 'delete relationship' ? undefined : choose(this.nodes, change.pick);
    const chosen = choose(this.relationships, change.pick);
    const doomed = [...this.relationships].filter(([id, { start, end }]) => {
      if (change.kind === 'delete all') return true;
      return node === undefined ? id === chosen : start === node || end === node;
    });
    for (const [id] of doomed) {
      tx.deleteRelationship(id);
      this.relationships.delete(id);
    }
    for (const id of change.kind === 'delete all' ? [...this.nodes.keys()] : node === undefined ? [] : [node]) {
      tx.deleteNode(id);
      this.nodes.delete(id);
    }
  }

  private tableOf(kind: 'node' | 'relationship'): ReadonlyMap<number, { properties: WalkedProperties }> {
    return kind === 'node' ? this.nodes : this.relationships;
  }
}

function toMap(properties: readonly KeyedValue[]): WalkedProperties {
  return new Map(properties.map(({ key, value }) => [key, value]));
}

function choose(table: ReadonlyMap<number, unknown>, pick: number): number | undefined {
  return table.size === 0 ? undefined : [...table.keys()][pick % table.size];
}
