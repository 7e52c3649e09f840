import { isDeepStrictEqual } from 'node:util';
import type { IndexChange } from '../store/index/index-update.ts';
import type { LabelChange } from '../store/label-scan/label-scan-update.ts';
import { readLabels } from '../store/labels.ts';
import type { NodeRecord } from '../store/node-record.ts';
import { PropertyBlockCursor, walkPropertyChain } from '../store/property-chain.ts';
import type { PropertyValue } from '../store/property-value.ts';
import type { IndexRule } from '../store/schema-rule.ts';
import type { GraphView } from './graph-view.ts';
import { UnknownPast } from './graph-view.ts';

/** Changes to derived structures; `rebuild` = they cannot be told, build the structure anew from the records. */
export interface DerivedChanges {
  labelScan: LabelChange[] | 'rebuild';
  /** By rule id; an index without an entry is not affected. Fulltext indexes are only ever rebuilt. */
  indexes: Map<number, IndexChange[] | 'rebuild'>;
}

/** Above this many changes a rebuild in sequence is cheaper than the memory for them. */
const MOST_CHANGES = 2_000_000;

/**
 * Compares the touched nodes before and after and tells what changes in the label scan store and in each index of `rules`, which are
 * indexes on nodes. `nodes` ascending.
 */
export function findDerivedChanges(
  nodes: Float64Array,
  before: GraphView,
  after: GraphView,
  rules: readonly IndexRule[],
): DerivedChanges {
  const finder = new ChangeFinder(before, after, rules);
  try {
    for (const node of nodes) finder.compare(node);
  } catch (error) {
    if (!(error instanceof UnknownPast)) throw error;
    return rebuildAll(rules);
  }
  return finder.result();
}

/** The answer where nothing can be compared. */
export function rebuildAll(rules: readonly IndexRule[]): DerivedChanges {
  return { labelScan: 'rebuild', indexes: new Map(rules.map((rule) => [rule.id, 'rebuild'])) };
}

interface NodeState {
  labels: number[];
  /** First property record, -1 = none. */
  nextProp: number;
}

const ABSENT: NodeState = { labels: [], nextProp: -1 };

class ChangeFinder {
  private readonly before: GraphView;
  private readonly after: GraphView;
  private readonly rules: readonly IndexRule[];
  private readonly rulesByLabel = new Map<number, IndexRule[]>();
  private readonly labelChanges: LabelChange[] = [];
  private readonly indexChanges = new Map<number, IndexChange[] | 'rebuild'>();
  private readonly cursor = new PropertyBlockCursor();
  private changes = 0;

  constructor(before: GraphView, after: GraphView, rules: readonly IndexRule[]) {
    this.before = before;
    this.after = after;
    this.rules = rules;
    for (const rule of rules) {
      for (const label of rule.schema.entityTokens) {
        this.rulesByLabel.set(label, [...(this.rulesByLabel.get(label) ?? []), rule]);
      }
    }
  }

  compare(node: number): void {
    if (this.changes > MOST_CHANGES) return;
    const old = stateOf(node, this.before.node(node), this.before);
    const now = stateOf(node, this.after.node(node), this.after);
    this.compareLabels(node, old.labels, now.labels);
    const rules = this.rulesOf(old.labels, now.labels);
    if (rules.size > 0) this.compareValues(node, old, now, rules);
  }

  result(): DerivedChanges {
    if (this.changes > MOST_CHANGES) return rebuildAll(this.rules);
    return { labelScan: this.labelChanges, indexes: this.indexChanges };
  }

  private compareLabels(node: number, old: number[], now: number[]): void {
    const removed = old.filter((label) => !now.includes(label));
    const added = now.filter((label) => !old.includes(label));
    if (removed.length + added.length === 0) return;
    this.labelChanges.push({ node, removed, added });
    this.changes++;
  }

  private rulesOf(old: number[], now: number[]): Set<IndexRule> {
    const rules = new Set<IndexRule>();
    for (const labels of [old, now]) {
      for (const label of labels) for (const rule of this.rulesByLabel.get(label) ?? []) rules.add(rule);
    }
    return rules;
  }

  private compareValues(node: number, old: NodeState, now: NodeState, rules: Set<IndexRule>): void {
    const keys = new Set<number>();
    for (const rule of rules) for (const key of rule.schema.propertyKeys) keys.add(key);
    const oldValues = this.readValues(old, keys, this.before);
    const newValues = this.readValues(now, keys, this.after);
    for (const rule of rules) {
      if (rule.schema.multi) {
        this.compareFulltext(rule, old, now, oldValues, newValues);
        continue;
      }
      const before = indexedValues(rule, old.labels, oldValues);
      const after = indexedValues(rule, now.labels, newValues);
      if (before === undefined && after === undefined) continue;
      if (before !== undefined && after !== undefined && isDeepStrictEqual(before, after)) continue;
      this.noteIndexChange(rule.id, { node, before, after });
    }
  }

  private compareFulltext(
    rule: IndexRule,
    old: NodeState,
    now: NodeState,
    oldValues: Map<number, PropertyValue>,
    newValues: Map<number, PropertyValue>,
  ): void {
    const valuesOf = (state: NodeState, values: Map<number, PropertyValue>) =>
      isIndexed(rule, state.labels) ? rule.schema.propertyKeys.map((key) => values.get(key)) : [];
    if (!isDeepStrictEqual(valuesOf(old, oldValues), valuesOf(now, newValues)))
      this.indexChanges.set(rule.id, 'rebuild');
  }

  private readValues(state: NodeState, keys: Set<number>, view: GraphView): Map<number, PropertyValue> {
    const values = new Map<number, PropertyValue>();
    const { cursor } = this;
    for (const record of walkPropertyChain(state.nextProp, (id) => view.property(id))) {
      cursor.open(record);
      while (cursor.next()) {
        if (!keys.has(cursor.key)) continue;
        const value = cursor.decode({
          readString: (id) => view.propertyStrings(id),
          readArray: (id) => view.propertyArrays(id),
        });
        values.set(cursor.key, value);
      }
      if (values.size === keys.size) break;
    }
    return values;
  }

  private noteIndexChange(ruleId: number, change: IndexChange): void {
    const changes = this.indexChanges.get(ruleId);
    if (Array.isArray(changes)) changes.push(change);
    else this.indexChanges.set(ruleId, [change]);
    this.changes++;
  }
}

function stateOf(id: number, record: NodeRecord | undefined, view: GraphView): NodeState {
  if (record === undefined || !record.inUse) return ABSENT;
  const { nextProp, labelField } = record;
  return { nextProp, labels: labelField === 0 ? [] : readLabels(id, labelField, (label) => view.nodeLabels(label)) };
}

function isIndexed(rule: IndexRule, labels: number[]): boolean {
  return rule.schema.entityTokens.some((label) => labels.includes(label));
}

/** A composite index holds a node only if it has all properties. */
function indexedValues(
  rule: IndexRule,
  labels: number[],
  values: Map<number, PropertyValue>,
): PropertyValue[] | undefined {
  if (!isIndexed(rule, labels)) return undefined;
  const tuple: PropertyValue[] = [];
  for (const key of rule.schema.propertyKeys) {
    const value = values.get(key);
    if (value === undefined) return undefined;
    tuple.push(value);
  }
  return tuple;
}
