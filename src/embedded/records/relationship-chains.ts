import { GraphkeepError } from '../../base/errors.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import type { RecordChanges } from './record-changes.ts';
import { CHAIN_NAMES, type ChainName, chainLength, walkChain, walkGroups } from './record-walks.ts';

/** The fields of a relationship for the chain of one of its nodes. */
interface Link {
  /** Previous relationship, or the length of the chain if {@link isFirst}. */
  prev: number;
  next: number;
  isFirst: boolean;
}

/** The record that names the first relationship of a chain: the node, or a group of a dense node. */
type Head = { group: undefined } | { group: number; chain: ChainName };

const LONE_HEAD: Head = { group: undefined };

/**
 * Changes relationship chains as a server does (spec record-stores 10.2, 10.3). New relationships become the first of their chains. A node
 * becomes dense when one is added to `denseThreshold` others. Groups come with their first relationship and go with their last.
 */
export class RelationshipChains {
  private readonly changes: RecordChanges;

  constructor(changes: RecordChanges) {
    this.changes = changes;
  }

  /** Inserts a relationship that is in no chain yet into those of its nodes. */
  insert(record: RelationshipRecord): void {
    this.insertAt(record.start, record);
    if (record.end !== record.start) this.insertAt(record.end, record);
  }

  /** Removes a relationship from the chains of its nodes. */
  remove(record: Readonly<RelationshipRecord>): void {
    this.removeAt(record.start, record);
    if (record.end !== record.start) this.removeAt(record.end, record);
  }

  private insertAt(nodeId: number, record: RelationshipRecord): void {
    const { dense, nextRel } = this.changes.require('node', nodeId);
    if (!dense && chainLength(this.changes, nodeId, nextRel) >= this.changes.view.denseThreshold) {
      this.makeDense(nodeId);
    }
    this.push(nodeId, record);
  }

  /** Moves the single chain of a node into groups; the order within a chain is reversed, as on a server. */
  private makeDense(nodeId: number): void {
    const node = this.changes.edit('node', nodeId);
    const ids = [...walkChain(this.changes, nodeId, node.nextRel)].map(({ id }) => id);
    node.dense = true;
    node.nextRel = NULL_REFERENCE;
    for (const id of ids) this.push(nodeId, this.changes.edit('relationship', id));
  }

  /** Makes `record` the first of its chain at the node. */
  private push(nodeId: number, record: RelationshipRecord): void {
    const head = this.findHead(nodeId, record) ?? this.createGroup(nodeId, record);
    const next = this.firstOf(nodeId, head);
    const length = chainLength(this.changes, nodeId, next);
    if (next !== NULL_REFERENCE) {
      const follower = this.changes.edit('relationship', next);
      setLink(follower, nodeId, { ...linkOf(follower, nodeId), isFirst: false, prev: record.id });
    }
    setLink(record, nodeId, { isFirst: true, prev: length + 1, next });
    this.setFirst(nodeId, head, record.id);
  }

  private removeAt(nodeId: number, record: Readonly<RelationshipRecord>): void {
    const head = this.findHead(nodeId, record);
    if (head === undefined)
      throw new GraphkeepError('store.corrupt', `node ${nodeId} has no group of type ${record.type}`);
    const { isFirst, prev, next } = linkOf(record, nodeId);
    const first = this.firstOf(nodeId, head);
    const length = chainLength(this.changes, nodeId, first);
    if (next !== NULL_REFERENCE) this.relink(next, nodeId, isFirst ? { isFirst, prev: length - 1 } : { prev });
    if (!isFirst) {
      this.relink(prev, nodeId, { next });
      this.relink(first, nodeId, { prev: length - 1 });
      return;
    }
    this.setFirst(nodeId, head, next);
    if (head.group !== undefined) this.removeGroupIfEmpty(nodeId, head.group);
  }

  private relink(id: number, nodeId: number, link: Partial<Link>): void {
    const record = this.changes.edit('relationship', id);
    setLink(record, nodeId, { ...linkOf(record, nodeId), ...link });
  }

  /** Where the chain of the relationship begins; undefined = the node is dense and has no such group. */
  private findHead(nodeId: number, record: Readonly<RelationshipRecord>): Head | undefined {
    const node = this.changes.require('node', nodeId);
    if (!node.dense) return LONE_HEAD;
    for (const { type, id } of walkGroups(this.changes, node)) {
      if (type === record.type) return { group: id, chain: chainName(nodeId, record) };
      if (type > record.type) break;
    }
    return undefined;
  }

  private firstOf(nodeId: number, head: Head): number {
    if (head.group === undefined) return this.changes.require('node', nodeId).nextRel;
    return this.changes.require('relationshipGroup', head.group)[head.chain];
  }

  private setFirst(nodeId: number, head: Head, first: number): void {
    if (head.group === undefined) this.changes.edit('node', nodeId).nextRel = first;
    else this.changes.edit('relationshipGroup', head.group)[head.chain] = first;
  }

  private createGroup(nodeId: number, relationship: Readonly<RelationshipRecord>): Head {
    const { type } = relationship;
    const id = this.changes.takeId('relationshipGroup');
    const node = this.changes.require('node', nodeId);
    const previous = [...walkGroups(this.changes, node)].filter((group) => group.type < type).at(-1);
    const next = previous === undefined ? node.nextRel : previous.next;
    const record = this.changes.view.format.relationshipGroup.create();
    this.changes.create('relationshipGroup', Object.assign(record, { id, inUse: true, type, next, owner: nodeId }));
    this.linkGroup(nodeId, previous, id);
    return { group: id, chain: chainName(nodeId, relationship) };
  }

  private removeGroupIfEmpty(nodeId: number, id: number): void {
    const group = this.changes.require('relationshipGroup', id);
    if (CHAIN_NAMES.some((name) => group[name] !== NULL_REFERENCE)) return;
    const groups = [...walkGroups(this.changes, this.changes.require('node', nodeId))];
    this.linkGroup(
      nodeId,
      groups.find(({ next }) => next === id),
      group.next,
    );
    this.changes.delete('relationshipGroup', id);
  }

  /** Makes `next` the group after `previous`, or the first one of the node. */
  private linkGroup(nodeId: number, previous: Readonly<RelationshipGroupRecord> | undefined, next: number): void {
    if (previous === undefined) this.changes.edit('node', nodeId).nextRel = next;
    else this.changes.edit('relationshipGroup', previous.id).next = next;
  }
}

function chainName(nodeId: number, { start, end }: Readonly<RelationshipRecord>): ChainName {
  if (start === end) return 'firstLoop';
  return start === nodeId ? 'firstOut' : 'firstIn';
}

function linkOf(record: Readonly<RelationshipRecord>, nodeId: number): Link {
  if (record.start === nodeId) {
    return { prev: record.startPrev, next: record.startNext, isFirst: record.firstInStart };
  }
  return { prev: record.endPrev, next: record.endNext, isFirst: record.firstInEnd };
}

/** In a loop both sides are equal. */
function setLink(record: RelationshipRecord, nodeId: number, { prev, next, isFirst }: Link): void {
  if (record.start === nodeId) {
    record.startPrev = prev;
    record.startNext = next;
    record.firstInStart = isFirst;
  }
  if (record.end === nodeId) {
    record.endPrev = prev;
    record.endNext = next;
    record.firstInEnd = isFirst;
  }
}
