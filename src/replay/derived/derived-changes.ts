import type { IndexedValues, NodeState } from '../../store/graph/node-state.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import type { IndexChange } from '../../store/index/index-update.ts';
import type { LabelChange } from '../../store/label-scan/label-scan-update.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import { isSameValue } from '../../store/values/same-value.ts';

/** Changes to derived files; `rebuild` = the changes are unknown, so rebuild from the records. */
export interface DerivedChanges {
  labelScan: LabelChange[] | 'rebuild';
  /** By rule id; an index without an entry is unaffected. Fulltext indexes are only ever rebuilt. */
  indexes: Map<number, IndexChange[] | 'rebuild'>;
}

/** Above this many changes, a sequential rebuild costs less than the memory for them. */
const MOST_CHANGES = 2_000_000;

/** The result where nothing can be compared. */
export function rebuildAll(rules: readonly IndexRule[]): DerivedChanges {
  return { labelScan: 'rebuild', indexes: new Map(rules.map((rule) => [rule.id, 'rebuild'])) };
}

/**
 * Turns the states that nodes went through into changes of the label scan store and the indexes. What these files hold for a node may be
 * any of its states, not necessarily the first: a file copied from a running server was flushed at some moment between the check point and
 * the end of the log. So everything that some state held and the last one does not is removed, and everything in the last one that some
 * state lacked is added.
 */
export class DerivedChangeCollector {
  private readonly rules: readonly IndexRule[];
  private readonly fulltext: ReadonlySet<number>;
  private readonly labelChanges: LabelChange[] = [];
  private readonly indexChanges = new Map<number, IndexChange[] | 'rebuild'>();
  private changes = 0;

  constructor(rules: readonly IndexRule[]) {
    this.rules = rules;
    this.fulltext = new Set(rules.filter((rule) => rule.schema.multi).map((rule) => rule.id));
  }

  /** `states` of one node, oldest first, at least one. */
  add(node: number, states: readonly NodeState[]): void {
    if (this.changes > MOST_CHANGES) return;
    this.addLabels(node, states);
    const rules = new Set<number>();
    for (const { indexed } of states) for (const rule of indexed.keys()) rules.add(rule);
    for (const rule of rules) this.addIndexed(node, rule, states);
  }

  result(): DerivedChanges {
    if (this.changes > MOST_CHANGES) return rebuildAll(this.rules);
    return { labelScan: this.labelChanges, indexes: this.indexChanges };
  }

  private addLabels(node: number, states: readonly NodeState[]): void {
    const last = states.at(-1)!.labels;
    const removed = new Set<number>();
    const added = new Set<number>();
    for (const { labels } of states) {
      for (const label of labels) if (!last.includes(label)) removed.add(label);
      for (const label of last) if (!labels.includes(label)) added.add(label);
    }
    if (removed.size + added.size === 0) return;
    this.labelChanges.push({ node, removed: [...removed], added: [...added] });
    this.changes++;
  }

  private addIndexed(node: number, rule: number, states: readonly NodeState[]): void {
    const after = states.at(-1)!.indexed.get(rule);
    for (const { indexed } of states) {
      const before = indexed.get(rule);
      if (holdSame(before, after)) continue;
      if (this.fulltext.has(rule)) this.indexChanges.set(rule, 'rebuild');
      else this.note(rule, { node, before: complete(before), after: complete(after) });
    }
  }

  private note(rule: number, change: IndexChange): void {
    const changes = this.indexChanges.get(rule);
    if (Array.isArray(changes)) changes.push(change);
    else this.indexChanges.set(rule, [change]);
    this.changes++;
  }
}

function holdSame(a: IndexedValues | undefined, b: IndexedValues | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.every((value, i) => isSameValue(value, b[i]));
}

/** Indexes other than fulltext hold a node only if all values are present. */
function complete(values: readonly (PropertyValue | undefined)[] | undefined): readonly PropertyValue[] | undefined {
  return values as readonly PropertyValue[] | undefined;
}
