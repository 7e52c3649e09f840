import type { RelationshipView, SmallRelationship } from '../../../store/records/plain-views.ts';
import { branchOf, IN, OUT } from '../chain-sides.ts';
import type { ChainSums } from './chain-sums.ts';

const MOST_TYPES = 1 << 16;

/**
 * Adds relationships to the sums of the chain screen straight from their bytes, if they have no other faults to check: known type, nodes in
 * use, no loop, ids below 2^31.
 */
export class PlainRelationships {
  private readonly sums: ChainSums;
  private readonly known = new Uint8Array(MOST_TYPES);
  private readonly record: SmallRelationship;

  constructor(sums: ChainSums, view: RelationshipView, knownTypes: Iterable<number>) {
    this.sums = sums;
    this.record = view.createSmall();
    for (const type of knownTypes) if (type < MOST_TYPES) this.known[type] = 1;
  }

  /** Returns false and adds nothing if the relationship is not in use or must be examined. */
  add(bytes: Uint8Array, offset: number, id: number): boolean {
    const { record, sums } = this;
    if (!record.read(bytes, offset) || this.known[record.type] !== 1) return false;
    const { start, end, type } = record;
    const { inUse } = sums.nodes;
    if (start === end || !inUse.has(start) || !inUse.has(end)) return false;
    sums.addPlace(start, branchOf(type, OUT), id, record.startPrev, record.startNext, record.firstInStart);
    sums.addPlace(end, branchOf(type, IN), id, record.endPrev, record.endNext, record.firstInEnd);
    return true;
  }
}
