import { GraphkeepError } from '../../base/errors.ts';
import type { RelationshipRecord } from '../records/relationship-record.ts';
import { NONE, NumberColumn } from './number-column.ts';

/** Start node, end node and type of every relationship of a new store, by id; type {@link NONE} = unused id. */
export class RelationshipTable {
  readonly starts = new NumberColumn();
  readonly ends = new NumberColumn();
  readonly types = new NumberColumn();
  endId = 0;

  add(id: number, type: number, start: number, end: number): void {
    this.starts.set(id, start);
    this.ends.set(id, end);
    this.types.set(id, type);
    this.endId = id + 1;
  }
}

/** A group of a dense node; its store id is its position + 1. */
export interface Group {
  owner: number;
  type: number;
  /** Position of the next group of the same node, -1 = last. */
  next: number;
}

const OUT = 0;
const IN = 1;
const LOOP = 2;

/**
 * Builds the relationship chains of a new store (spec record-stores 10.2, 10.3) as if the relationships had been added in id order: each
 * new one becomes the head of its chains.
 *
 * Each chain has a *slot*: the node id for a node that is not dense; after all nodes, three slots (out, in, loop) per group. In a forward
 * pass, the head of a slot is the next pointer of each new relationship; in a backward pass, it is the previous pointer. So the next
 * pointers are stored, and the previous ones are found again while the records are written from last to first.
 */
export class RelationshipChains {
  readonly groups: Group[] = [];
  private readonly table: RelationshipTable;
  private readonly nodeEnd: number;
  private readonly denseThreshold: number;
  private readonly degrees = new NumberColumn();
  private readonly heads = new NumberColumn();
  private readonly lengths = new NumberColumn();
  private readonly startNext = new NumberColumn();
  private readonly endNext = new NumberColumn();
  /** Owner and type as one number -> position of the group. */
  private readonly groupOf = new Map<number, number>();
  private readonly firstGroup = new Map<number, number>();
  private typeEnd = 0;

  constructor(table: RelationshipTable, nodeEnd: number, denseThreshold: number) {
    this.table = table;
    this.nodeEnd = nodeEnd;
    this.denseThreshold = denseThreshold;
    this.countDegrees();
    this.makeGroups();
    this.linkForwards();
  }

  isDense(node: number): boolean {
    const degree = this.degrees.get(node);
    return degree !== NONE && degree > this.denseThreshold;
  }

  /** First relationship, or first group record if the node is dense; -1 = none. Must be called before {@link fill}. */
  firstOf(node: number): number {
    if (this.isDense(node)) return this.firstGroup.get(node)! + 1;
    return reference(this.heads.get(node));
  }

  /** First relationship of the `out`, `in` and `loop` chains of a group. Must be called before {@link fill}. */
  firstOfGroup(position: number): { out: number; in: number; loop: number } {
    const slot = this.groupSlot(position);
    return {
      out: reference(this.heads.get(slot + OUT)),
      in: reference(this.heads.get(slot + IN)),
      loop: reference(this.heads.get(slot + LOOP)),
    };
  }

  /** Sets the chain fields of a record. Call it once per relationship, from the last id to the first. */
  fill(record: RelationshipRecord): void {
    const { id, start, end, type } = record;
    const loop = start === end;
    const startSlot = this.slotOf(start, type, loop ? LOOP : OUT);
    record.startNext = reference(this.startNext.get(id));
    record.firstInStart = this.heads.get(startSlot) === id;
    record.startPrev = record.firstInStart ? this.lengths.get(startSlot) : this.heads.get(startSlot);
    this.heads.set(startSlot, id);
    if (loop) {
      record.endNext = record.startNext;
      record.firstInEnd = record.firstInStart;
      record.endPrev = record.startPrev;
      return;
    }
    const endSlot = this.slotOf(end, type, IN);
    record.endNext = reference(this.endNext.get(id));
    record.firstInEnd = this.heads.get(endSlot) === id;
    record.endPrev = record.firstInEnd ? this.lengths.get(endSlot) : this.heads.get(endSlot);
    this.heads.set(endSlot, id);
  }

  private countDegrees(): void {
    const { starts, ends, types, endId } = this.table;
    for (let id = 0; id < endId; id++) {
      const type = types.get(id);
      if (type === NONE) continue;
      if (type >= this.typeEnd) this.typeEnd = type + 1;
      const start = starts.get(id);
      const end = ends.get(id);
      if (start >= this.nodeEnd || end >= this.nodeEnd) {
        throw new GraphkeepError('internal', `relationship ${id} has a node that was not added`, {
          observed: Math.max(start, end),
        });
      }
      this.degrees.increment(start);
      if (end !== start) this.degrees.increment(end);
    }
  }

  private makeGroups(): void {
    const { starts, ends, types, endId } = this.table;
    const keys = new Set<number>();
    for (let id = 0; id < endId; id++) {
      const type = types.get(id);
      if (type === NONE) continue;
      if (this.isDense(starts.get(id))) keys.add(this.groupKey(starts.get(id), type));
      if (this.isDense(ends.get(id))) keys.add(this.groupKey(ends.get(id), type));
    }
    for (const key of Float64Array.from(keys).sort()) {
      const position = this.groups.length;
      const owner = Math.floor(key / this.typeEnd);
      const previous = this.groups.at(-1);
      if (previous?.owner === owner) previous.next = position;
      else this.firstGroup.set(owner, position);
      this.groups.push({ owner, type: key % this.typeEnd, next: -1 });
      this.groupOf.set(key, position);
    }
  }

  private linkForwards(): void {
    const { starts, ends, types, endId } = this.table;
    for (let id = 0; id < endId; id++) {
      const type = types.get(id);
      if (type === NONE) continue;
      const start = starts.get(id);
      const end = ends.get(id);
      this.push(this.slotOf(start, type, start === end ? LOOP : OUT), id, this.startNext);
      if (start !== end) this.push(this.slotOf(end, type, IN), id, this.endNext);
    }
  }

  private push(slot: number, id: number, nexts: NumberColumn): void {
    const head = this.heads.get(slot);
    if (head !== NONE) nexts.set(id, head);
    this.heads.set(slot, id);
    this.lengths.increment(slot);
  }

  private slotOf(node: number, type: number, chain: number): number {
    if (!this.isDense(node)) return node;
    return this.groupSlot(this.groupOf.get(this.groupKey(node, type))!) + chain;
  }

  private groupSlot(position: number): number {
    return this.nodeEnd + position * 3;
  }

  private groupKey(node: number, type: number): number {
    return node * this.typeEnd + type;
  }
}

function reference(value: number): number {
  return value === NONE ? -1 : value;
}
