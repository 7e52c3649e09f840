import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { renderGroup, renderNode, renderRelationship, renderUnused } from '../findings/record-texts.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { RecordStores } from '../records/store-records.ts';
import { follows, isFirst, nextOf, prevOf, sideAt } from './chain-sides.ts';
import { visitGroups } from './group-chains.ts';

/**
 * Checks where chains begin: what nodes (spec consistency-check 3.2) and groups (spec consistency-check 3.4) point to, and how long the
 * chains are from there.
 */
export class ChainHeads {
  private readonly stores: RecordStores;
  private readonly nodeFindings: RecordFindings;
  private readonly groupFindings: RecordFindings;
  private readonly relationshipFindings: RecordFindings;
  private readonly first: RelationshipRecord;
  private readonly walked: [RelationshipRecord, RelationshipRecord];
  private readonly group: RelationshipGroupRecord;

  constructor(stores: RecordStores, nodes: RecordFindings, groups: RecordFindings, relationships: RecordFindings) {
    this.stores = stores;
    this.nodeFindings = nodes;
    this.groupFindings = groups;
    this.relationshipFindings = relationships;
    this.first = stores.relationship.create();
    this.walked = [stores.relationship.create(), stores.relationship.create()];
    this.group = stores.group.create();
  }

  /** The first relationship of a node that is not dense. */
  examineNode(node: NodeRecord): void {
    if (node.dense || node.nextRel === NULL_REFERENCE) return;
    const r = this.stores.relationship.load(node.nextRel, this.first);
    const text = r === undefined ? renderUnused('Relationship', node.nextRel) : renderRelationship(r);
    const add = (kind: CheckKind) => this.nodeFindings.add(kind, node.id, renderNode(node), [text]);
    if (r === undefined) {
      add('node.relationshipNotInUse');
      return;
    }
    if (r.start !== node.id && r.end !== node.id) {
      add('node.relationshipForOtherNode');
      return;
    }
    if (r.start === node.id && !r.firstInStart) add('node.relationshipNotFirstInSourceChain');
    if (r.end === node.id && !r.firstInEnd) add('node.relationshipNotFirstInTargetChain');
  }

  examineGroup(group: RelationshipGroupRecord): void {
    this.examineHead(
      group,
      group.firstOut,
      outKinds,
      (r) => r.firstInStart,
      (r) => r.start === group.owner && r.end !== group.owner,
    );
    this.examineHead(
      group,
      group.firstIn,
      inKinds,
      (r) => r.firstInEnd,
      (r) => r.end === group.owner && r.start !== group.owner,
    );
    const isLoop = (r: RelationshipRecord) => r.start === group.owner && r.end === group.owner;
    this.examineHead(group, group.firstLoop, loopKinds, (r) => r.firstInStart && r.firstInEnd, isLoop);
  }

  private examineHead(
    group: RelationshipGroupRecord,
    head: number,
    kinds: HeadKinds,
    first: (r: RelationshipRecord) => boolean,
    atOwner: (r: RelationshipRecord) => boolean,
  ): void {
    if (head === NULL_REFERENCE) return;
    const r = this.stores.relationship.load(head, this.first);
    const text = r === undefined ? renderUnused('Relationship', head) : renderRelationship(r);
    const add = (kind: CheckKind) => this.groupFindings.add(kind, group.id, renderGroup(group), [text]);
    if (r === undefined) {
      add(kinds.notInUse);
      return;
    }
    if (!first(r)) add(kinds.notFirst);
    if (r.type !== group.type) add(kinds.otherType);
    if (!atOwner(r)) add(kinds.otherNode);
  }

  /** If the chain is whole, compares its length with the length stored in its first relationship. */
  examineLengths(node: NodeRecord): void {
    if (!node.dense) {
      this.examineLength(node.nextRel, node.id);
      return;
    }
    visitGroups(this.stores, node, this.group, (group) => {
      this.examineLength(group.firstOut, node.id);
      this.examineLength(group.firstIn, node.id);
      this.examineLength(group.firstLoop, node.id);
    });
  }

  private examineLength(head: number, node: number): void {
    const r = head === NULL_REFERENCE ? undefined : this.stores.relationship.load(head, this.first);
    const side = r && sideAt(r, node);
    if (r === undefined || side === undefined || !isFirst(r, side)) return;
    const held = prevOf(r, side);
    const length = this.measure(head, nextOf(r, side), node);
    if (length === undefined || length === held) return;
    this.relationshipFindings.add('relationship.chainLengthWrong', head, renderRelationship(r), [`Node[${node}]`], {
      expected: String(length),
      found: String(held),
    });
  }

  /** Number of relationships in a chain; undefined if the other side does not confirm a step. Confirmed steps cannot lead back. */
  private measure(head: number, next: number, node: number): number | undefined {
    let length = 1;
    for (let previous = head, id = next, turn = 0; id !== NULL_REFERENCE; turn ^= 1) {
      const r = this.stores.relationship.load(id, this.walked[turn]!);
      if (r === undefined || !follows(r, previous, node)) return undefined;
      length++;
      previous = id;
      id = nextOf(r, sideAt(r, node)!);
    }
    return length;
  }
}

interface HeadKinds {
  notInUse: CheckKind;
  notFirst: CheckKind;
  otherType: CheckKind;
  otherNode: CheckKind;
}

const outKinds: HeadKinds = {
  notInUse: 'group.firstOutgoingRelationshipNotInUse',
  notFirst: 'group.firstOutgoingRelationshipNotFirstInChain',
  otherType: 'group.firstOutgoingRelationshipOfOfOtherType',
  otherNode: 'group.firstOutgoingRelationshipOfOtherNode',
};

const inKinds: HeadKinds = {
  notInUse: 'group.firstIncomingRelationshipNotInUse',
  notFirst: 'group.firstIncomingRelationshipNotFirstInChain',
  otherType: 'group.firstIncomingRelationshipOfOfOtherType',
  otherNode: 'group.firstIncomingRelationshipOfOtherNode',
};

const loopKinds: HeadKinds = {
  notInUse: 'group.firstLoopRelationshipNotInUse',
  notFirst: 'group.firstLoopRelationshipNotFirstInChain',
  otherType: 'group.firstLoopRelationshipOfOfOtherType',
  otherNode: 'group.firstLoopRelationshipOfOtherNode',
};
