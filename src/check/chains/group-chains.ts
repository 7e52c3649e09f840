import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { renderGroup, renderNode, renderUnused } from '../findings/record-texts.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import { RecordFindings } from '../records/record-findings.ts';
import type { RecordStores } from '../records/store-records.ts';

/** What is known about each node after a pass over all nodes. */
export class NodeBits {
  readonly inUse = new IdBitmap();
  readonly dense = new IdBitmap();
}

/**
 * Checks the groups of dense nodes and their order (spec consistency-check 3.4), but not the relationships that they lead to. Call {@link
 * follow} once for every dense node; then {@link examine} checks each group.
 */
export class GroupChains {
  readonly findings: RecordFindings;
  /** Groups that a dense node leads to. */
  readonly reached = new IdBitmap();
  /** Groups that a node other than their owner leads to. */
  readonly misplaced = new IdBitmap();
  /** True if there is a group that its owner does not lead to. Known after {@link examine}. */
  isOdd = false;
  private readonly context: CheckContext;
  private readonly stores: RecordStores;
  private readonly nodes: NodeBits;
  private readonly record: RelationshipGroupRecord;
  private readonly other: RelationshipGroupRecord;
  private readonly node: NodeRecord;

  constructor(context: CheckContext, stores: RecordStores, nodes: NodeBits) {
    this.context = context;
    this.stores = stores;
    this.nodes = nodes;
    this.findings = new RecordFindings(stores.group, context.report);
    this.record = stores.group.create();
    this.other = stores.group.create();
    this.node = stores.node.create();
  }

  /** Checks the first group of a dense node and calls `visit` with each group of its chain that no node has led to so far. */
  follow(node: NodeRecord, nodeFindings: RecordFindings, visit?: (group: RelationshipGroupRecord) => void): void {
    const first = node.nextRel;
    if (first === NULL_REFERENCE) return;
    const group = this.stores.group.load(first, this.record);
    if (group === undefined || group.owner !== node.id) {
      const kind = group === undefined ? 'node.relationshipGroupNotInUse' : 'node.relationshipGroupHasOtherOwner';
      nodeFindings.add(kind, node.id, renderNode(node), [this.render(group, first)]);
    }
    for (let at = group; at !== undefined && this.reached.add(at.id); ) {
      const { next } = at;
      if (at.owner !== node.id) this.misplaced.add(at.id);
      visit?.(at);
      at = this.stores.group.load(next, this.record);
    }
  }

  async examine(): Promise<void> {
    await this.stores.group.scan(
      'relationship groups',
      (group) => {
        if (!this.context.tokens.relationshipType.has(group.type)) {
          this.add('group.relationshipTypeNotInUse', group, `RelationshipType[${group.type}]`);
        }
        this.examineNext(group);
        this.examineOwner(group);
        if (group.firstOut === NULL_REFERENCE && group.firstIn === NULL_REFERENCE && group.firstLoop === NULL_REFERENCE)
          this.add('group.empty', group);
      },
      (id) => this.findings.add('record.unreadable', id, renderUnused('RelationshipGroup', id)),
    );
  }

  private examineNext(group: RelationshipGroupRecord): void {
    if (group.next === NULL_REFERENCE) return;
    const next = this.stores.group.load(group.next, this.other);
    if (next === undefined) {
      this.add('group.nextGroupNotInUse', group, this.render(next, group.next));
      return;
    }
    if (group.type >= next.type) this.add('group.invalidTypeSortOrder', group, renderGroup(next));
    if (group.owner !== next.owner) this.add('group.nextHasOtherOwner', group, renderGroup(next));
  }

  private examineOwner(group: RelationshipGroupRecord): void {
    if (group.owner < 0) {
      this.isOdd = true;
      this.add('group.illegalOwner', group);
      return;
    }
    if (!this.nodes.inUse.has(group.owner)) this.add('group.ownerNotInUse', group);
    if (this.misplaced.has(group.id)) this.isOdd = true;
    if (this.reached.has(group.id)) return;
    this.isOdd = true;
    const owner = this.stores.node.load(group.owner, this.node);
    this.add('group.notInChainOfOwner', group, owner === undefined ? `Node[${group.owner}]` : renderNode(owner));
  }

  private add(kind: CheckKind, group: RelationshipGroupRecord, ...inconsistentWith: string[]): void {
    this.findings.add(kind, group.id, renderGroup(group), inconsistentWith);
  }

  private render(group: RelationshipGroupRecord | undefined, id: number): string {
    return group === undefined ? renderUnused('RelationshipGroup', id) : renderGroup(group);
  }
}

/** Calls `visit` with every group of a dense node's chain, up to its end, a gap, or a group already visited. */
export function visitGroups(
  stores: RecordStores,
  node: NodeRecord,
  record: RelationshipGroupRecord,
  visit: (group: RelationshipGroupRecord) => void,
): void {
  const seen = new Set<number>();
  for (let id = node.nextRel; id !== NULL_REFERENCE && !seen.has(id); ) {
    const group = stores.group.load(id, record);
    if (group === undefined) return;
    seen.add(id);
    visit(group);
    id = group.next;
  }
}
