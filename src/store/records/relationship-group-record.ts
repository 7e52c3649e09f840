import { NULL_REFERENCE } from './record-codec.ts';

export interface RelationshipGroupRecord {
  id: number;
  inUse: boolean;
  type: number;
  next: number;
  firstOut: number;
  firstIn: number;
  firstLoop: number;
  /** The dense node that owns the group. */
  owner: number;
  secondaryUnit: number;
  fixedReferences: boolean;
}

export function createRelationshipGroupRecord(): RelationshipGroupRecord {
  return {
    id: 0,
    inUse: false,
    type: NULL_REFERENCE,
    next: NULL_REFERENCE,
    firstOut: NULL_REFERENCE,
    firstIn: NULL_REFERENCE,
    firstLoop: NULL_REFERENCE,
    owner: NULL_REFERENCE,
    secondaryUnit: NULL_REFERENCE,
    fixedReferences: true,
  };
}

/** Marks the record as not in use and clears all its fields. */
export function clearRelationshipGroupRecord(record: RelationshipGroupRecord, id: number): RelationshipGroupRecord {
  record.id = id;
  record.inUse = false;
  record.type = NULL_REFERENCE;
  record.next = NULL_REFERENCE;
  record.firstOut = NULL_REFERENCE;
  record.firstIn = NULL_REFERENCE;
  record.firstLoop = NULL_REFERENCE;
  record.owner = NULL_REFERENCE;
  record.secondaryUnit = NULL_REFERENCE;
  record.fixedReferences = true;
  return record;
}
