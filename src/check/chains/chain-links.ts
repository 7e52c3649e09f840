import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { renderNode, renderRelationship, renderUnused } from '../findings/record-texts.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { RecordStores } from '../records/store-records.ts';
import {
  directionOf,
  follows,
  IN,
  isFirst,
  isOddLoop,
  nextOf,
  nodeOf,
  OUT,
  prevOf,
  type Side,
  sideAt,
} from './chain-sides.ts';
import { type NodeBits, visitGroups } from './group-chains.ts';

/**
 * Checks the position of single relationships in their chains (spec consistency-check 3.3) by random access to the neighbours and to the
 * records that should point to a first relationship.
 */
export class ChainLinks {
  /** Nodes with a finding about one of their chains. */
  readonly troubled = new IdBitmap();
  readonly findings: RecordFindings;
  private readonly stores: RecordStores;
  private readonly nodes: NodeBits;
  private readonly other: RelationshipRecord;
  private readonly node: NodeRecord;
  private readonly group: RelationshipGroupRecord;

  constructor(stores: RecordStores, nodes: NodeBits, findings: RecordFindings) {
    this.stores = stores;
    this.nodes = nodes;
    this.findings = findings;
    this.other = stores.relationship.create();
    this.node = stores.node.create();
    this.group = stores.group.create();
  }

  examine(r: RelationshipRecord): void {
    const odd = isOddLoop(r);
    if (odd) this.add('relationship.loopChainsDiffer', r, 'start');
    this.examineSide(r, 'start');
    if (odd || r.start !== r.end) this.examineSide(r, 'end');
  }

  private examineSide(r: RelationshipRecord, side: Side): void {
    const first = isFirst(r, side);
    if (this.nodes.inUse.has(nodeOf(r, side))) this.examineNode(r, side);
    if (!first && prevOf(r, side) !== NULL_REFERENCE) this.examinePrev(r, side);
    if (nextOf(r, side) !== NULL_REFERENCE) this.examineNext(r, side);
  }

  private examineNode(r: RelationshipRecord, side: Side): void {
    const node = this.stores.node.load(nodeOf(r, side), this.node);
    if (node === undefined) return;
    if (!isFirst(r, side)) {
      if (node.nextRel === NULL_REFERENCE) this.add(kindsOf[side].noRelationships, r, side, renderNode(node));
      else if (prevOf(r, side) === NULL_REFERENCE) this.add(kindsOf[side].noPrev, r, side, renderNode(node));
    } else if (!node.dense) {
      if (node.nextRel !== r.id) this.add(kindsOf[side].nodeNotBack, r, side, renderNode(node));
    } else if (!this.isHeadOfGroup(r, side, node)) this.add(kindsOf[side].groupNotBack, r, side, renderNode(node));
  }

  private isHeadOfGroup(r: RelationshipRecord, side: Side, node: NodeRecord): boolean {
    const direction = directionOf(r, side);
    let found = false;
    visitGroups(this.stores, node, this.group, (group) => {
      if (group.type !== r.type) return;
      const head = direction === OUT ? group.firstOut : direction === IN ? group.firstIn : group.firstLoop;
      if (head === r.id) found = true;
    });
    return found;
  }

  private examinePrev(r: RelationshipRecord, side: Side): void {
    const id = prevOf(r, side);
    const node = nodeOf(r, side);
    const prev = this.stores.relationship.load(id, this.other);
    const prevSide = prev && sideAt(prev, node);
    if (prev !== undefined && prevSide !== undefined && nextOf(prev, prevSide) === r.id) return;
    const text = prev === undefined ? renderUnused('Relationship', id) : renderRelationship(prev);
    if (prev !== undefined && prevSide !== undefined) {
      this.add(kindsOf[side].prevNotBack, r, side, text);
      return;
    }
    const stale = prev === undefined ? this.stores.relationship.loadStale(id, this.other) : undefined;
    const staleSide = stale && sideAt(stale, node);
    const fits = stale !== undefined && staleSide !== undefined && nextOf(stale, staleSide) === r.id;
    this.add(fits ? 'relationship.notUsedRelationshipReferencedInChain' : kindsOf[side].prevOfOthers, r, side, text);
  }

  private examineNext(r: RelationshipRecord, side: Side): void {
    const id = nextOf(r, side);
    const node = nodeOf(r, side);
    const next = this.stores.relationship.load(id, this.other);
    const nextSide = next && sideAt(next, node);
    const text = next === undefined ? renderUnused('Relationship', id) : renderRelationship(next);
    if (next !== undefined && nextSide !== undefined) {
      if (!follows(next, r.id, node)) this.add(kindsOf[side].nextNotBack, r, side, text);
      else if (this.nodes.dense.has(node) && !isSameChain(r, side, next, nextSide)) {
        this.add(kindsOf[side].nextInOtherChain, r, side, text);
      }
      return;
    }
    const stale = next === undefined ? this.stores.relationship.loadStale(id, this.other) : undefined;
    const fits = stale !== undefined && follows(stale, r.id, node);
    this.add(fits ? 'relationship.notUsedRelationshipReferencedInChain' : kindsOf[side].nextOfOthers, r, side, text);
  }

  private add(kind: CheckKind, r: RelationshipRecord, side: Side, ...inconsistentWith: string[]): void {
    this.findings.add(kind, r.id, renderRelationship(r), inconsistentWith);
    const node = nodeOf(r, side);
    if (this.nodes.inUse.has(node)) this.troubled.add(node);
  }
}

/** A dense node has a separate chain for each type and direction. */
function isSameChain(r: RelationshipRecord, side: Side, other: RelationshipRecord, otherSide: Side): boolean {
  return r.type === other.type && directionOf(r, side) === directionOf(other, otherSide);
}

type LinkKind =
  | 'noRelationships'
  | 'noPrev'
  | 'nodeNotBack'
  | 'groupNotBack'
  | 'prevNotBack'
  | 'prevOfOthers'
  | 'nextNotBack'
  | 'nextOfOthers'
  | 'nextInOtherChain';

const kindsOf: Record<Side, Record<LinkKind, CheckKind>> = {
  start: {
    noRelationships: 'relationship.sourceNodeHasNoRelationships',
    noPrev: 'relationship.sourceHasNoPrev',
    nodeNotBack: 'relationship.sourceNodeDoesNotReferenceBack',
    groupNotBack: 'relationship.sourceGroupDoesNotReferenceBack',
    prevNotBack: 'relationship.sourcePrevDoesNotReferenceBack',
    prevOfOthers: 'relationship.sourcePrevReferencesOtherNodes',
    nextNotBack: 'relationship.sourceNextDoesNotReferenceBack',
    nextOfOthers: 'relationship.sourceNextReferencesOtherNodes',
    nextInOtherChain: 'relationship.sourceNextInOtherChain',
  },
  end: {
    noRelationships: 'relationship.targetNodeHasNoRelationships',
    noPrev: 'relationship.targetHasNoPrev',
    nodeNotBack: 'relationship.targetNodeDoesNotReferenceBack',
    groupNotBack: 'relationship.targetGroupDoesNotReferenceBack',
    prevNotBack: 'relationship.targetPrevDoesNotReferenceBack',
    prevOfOthers: 'relationship.targetPrevReferencesOtherNodes',
    nextNotBack: 'relationship.targetNextDoesNotReferenceBack',
    nextOfOthers: 'relationship.targetNextReferencesOtherNodes',
    nextInOtherChain: 'relationship.targetNextInOtherChain',
  },
};
