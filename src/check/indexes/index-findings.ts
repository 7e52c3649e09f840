import { readEntityId } from '../../store/index/keys/key-entity.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';
import { readLabels } from '../../store/values/labels.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { isDamage } from '../findings/damage.ts';
import { describeNode } from '../findings/entity-texts.ts';
import { createFinding } from '../findings/finding.ts';
import { describeIndexRule } from '../names-and-rules/rule-texts.ts';
import type { ExpectedKeys } from './expected-keys.ts';
import { NeighbourWatch } from './neighbour-watch.ts';
import type { IndexTree, OpenIndex } from './open-index.ts';

/** Reports faults of single index entries. */
export class IndexFindings {
  private readonly context: CheckContext;
  private readonly expected: ExpectedKeys;
  private readonly node: NodeRecord;

  constructor(context: CheckContext, expected: ExpectedKeys) {
    this.context = context;
    this.expected = expected;
    this.node = context.reader.format.node.create();
  }

  /** Compares the keys that a tree must hold with those it holds; both are sorted. */
  merge(index: OpenIndex, tree: IndexTree, expected: Iterator<Uint8Array>, found: Iterator<Uint8Array>): void {
    const { layout } = tree.tree;
    const watch = new NeighbourWatch(layout);
    let wanted = expected.next();
    for (let entry = found.next(); !entry.done; entry = found.next()) {
      const key = entry.value;
      const relation = watch.see(key, 0, key.length);
      if (relation === 'duplicate') {
        this.reportEntry('index.duplicateEntry', index, tree.path, readEntityId(layout, key, 0, key.length));
        continue;
      }
      // For a sound tree, this was reported while its fingerprint was made.
      if (relation === 'same-values' && index.rule.unique && !tree.sound)
        this.reportSameValues(index, layout, watch, key);
      let order = wanted.done ? 1 : layout.compare(wanted.value, 0, wanted.value.length, key, 0, key.length);
      while (!wanted.done && order < 0) {
        this.reportMissingKey(index, layout, wanted.value);
        wanted = expected.next();
        order = wanted.done ? 1 : layout.compare(wanted.value, 0, wanted.value.length, key, 0, key.length);
      }
      if (order !== 0) this.reportExtra(index, tree, readEntityId(layout, key, 0, key.length));
      else {
        if (!wanted.done && Buffer.compare(wanted.value, key) !== 0) {
          const problem = layout.findKeyProblem?.(key, 0, key.length, false);
          const kind = problem === undefined ? 'index.entryInOtherForm' : 'index.entryUnreadable';
          this.reportEntry(kind, index, tree.path, readEntityId(layout, key, 0, key.length));
        }
        wanted = expected.next();
      }
    }
    for (; !wanted.done; wanted = expected.next()) this.reportMissingKey(index, layout, wanted.value);
  }

  /** `key` has the same values as the key before it, which `watch` has seen. */
  reportSameValues(index: OpenIndex, layout: TreeLayout, watch: NeighbourWatch, key: Uint8Array): void {
    const entity = readEntityId(layout, key, 0, key.length);
    this.reportNode('node.uniqueIndexNotUnique', index, watch.previousEntity, [`node ${entity}`]);
    this.reportNode('node.uniqueIndexNotUnique', index, entity, [`node ${watch.previousEntity}`]);
  }

  reportMissingKey(index: OpenIndex, layout: TreeLayout, key: Uint8Array): void {
    if (!this.context.parts.graph) return;
    const entity = readEntityId(layout, key, 0, key.length);
    this.reportNode('node.notIndexed', index, entity, []);
  }

  /** Reports an entry that no node requires. */
  private reportExtra(index: OpenIndex, tree: IndexTree, entity: number): void {
    const kind = this.classifyExtra(index, entity);
    if (kind !== undefined) this.reportEntry(kind, index, tree.path, entity);
  }

  private classifyExtra(index: OpenIndex, entity: number): CheckKind | undefined {
    const { reader } = this.context;
    const node = entity >= 0 ? reader.file('node').readRecord(entity, this.node) : undefined;
    if (node === undefined || !node.inUse) return 'index.nodeNotInUse';
    try {
      const labels = readLabels(entity, node.labelField, reader.readLabelRecord);
      if (!index.rule.schema.entityTokens.some((label) => labels.includes(label))) {
        return 'index.nodeDoesNotHaveExpectedLabel';
      }
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
    return this.expected.keyOf(index, entity) === 'unknown' ? undefined : 'index.staleEntry';
  }

  private reportEntry(kind: CheckKind, index: OpenIndex, file: string, entity: number): void {
    const { reader, report } = this.context;
    const text = `IndexEntry[nodeId=${entity}, index=${describeIndexRule(reader, index.rule)}]`;
    const labels = kind === 'index.nodeDoesNotHaveExpectedLabel' ? index.rule.schema.entityTokens.map(String) : [];
    const inconsistentWith = [describeNode(reader, entity), ...labels];
    report(createFinding(kind, { file, record: entity, text, inconsistentWith }));
  }

  private reportNode(kind: CheckKind, index: OpenIndex, node: number, others: string[]): void {
    const { reader, report } = this.context;
    const file = 'neostore.nodestore.db';
    const offset = node * reader.format.node.size;
    const inconsistentWith = [describeIndexRule(reader, index.rule), ...others];
    report(createFinding(kind, { file, record: node, offset, text: describeNode(reader, node), inconsistentWith }));
  }
}
