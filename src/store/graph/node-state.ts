import { readLabels } from '../values/labels.ts';
import { PropertyBlockCursor, walkPropertyChain } from '../values/property-chain.ts';
import type { PropertyValue } from '../values/property-value.ts';
import type { GraphView } from './graph-view.ts';
import type { IndexRule } from './schema-rule.ts';

/** The values of an index's keys, in its order. Only a fulltext index allows missing ones. */
export type IndexedValues = readonly (PropertyValue | undefined)[];

/** What the label scan store and the indexes hold for a node at one moment. */
export interface NodeState {
  /** Ascending. */
  labels: readonly number[];
  /** By rule id; no entry means that the index does not hold the node. */
  indexed: ReadonlyMap<number, IndexedValues>;
}

const ABSENT: NodeState = { labels: [], indexed: new Map() };

/** Reads the parts of nodes that the label scan store and the indexes of `rules` (all on nodes) depend on. */
export class NodeStateReader {
  private readonly rulesByLabel = new Map<number, IndexRule[]>();
  private readonly cursor = new PropertyBlockCursor();

  constructor(rules: readonly IndexRule[]) {
    for (const rule of rules) {
      for (const label of rule.schema.entityTokens) {
        this.rulesByLabel.set(label, [...(this.rulesByLabel.get(label) ?? []), rule]);
      }
    }
  }

  read(node: number, view: GraphView): NodeState {
    const record = view.node(node);
    if (record === undefined || !record.inUse) return ABSENT;
    const { nextProp, labelField } = record;
    if (labelField === 0) return ABSENT;
    const labels = readLabels(node, labelField, view.nodeLabels);
    return { labels, indexed: this.readIndexed(nextProp, labels, view) };
  }

  private readIndexed(nextProp: number, labels: readonly number[], view: GraphView): NodeState['indexed'] {
    const rules = new Set<IndexRule>();
    for (const label of labels) for (const rule of this.rulesByLabel.get(label) ?? []) rules.add(rule);
    if (rules.size === 0) return ABSENT.indexed;
    const values = this.readValues(nextProp, rules, view);
    const indexed = new Map<number, IndexedValues>();
    for (const { id, schema } of rules) {
      const tuple = schema.propertyKeys.map((key) => values.get(key));
      // A composite index holds a node only if it has all the properties, a fulltext index if it has any.
      const isHeld = schema.multi ? tuple.some((value) => value !== undefined) : !tuple.includes(undefined);
      if (isHeld) indexed.set(id, tuple);
    }
    return indexed;
  }

  private readValues(nextProp: number, rules: Set<IndexRule>, view: GraphView): Map<number, PropertyValue> {
    const wanted = new Set<number>();
    for (const rule of rules) for (const key of rule.schema.propertyKeys) wanted.add(key);
    const values = new Map<number, PropertyValue>();
    const longValues = { readString: view.propertyStrings, readArray: view.propertyArrays };
    const { cursor } = this;
    for (const record of walkPropertyChain(nextProp, view.property)) {
      cursor.open(record);
      while (cursor.next()) if (wanted.has(cursor.key)) values.set(cursor.key, cursor.decode(longValues));
      if (values.size === wanted.size) break;
    }
    return values;
  }
}
