import { NULL_REFERENCE } from './record-codec.ts';

export interface RelationshipRecord {
  id: number;
  inUse: boolean;
  start: number;
  end: number;
  type: number;
  /** Previous relationship in the start node's chain; the length of the chain if {@link firstInStart}. */
  startPrev: number;
  startNext: number;
  endPrev: number;
  endNext: number;
  nextProp: number;
  firstInStart: boolean;
  firstInEnd: boolean;
  secondaryUnit: number;
  fixedReferences: boolean;
}

export function createRelationshipRecord(): RelationshipRecord {
  return {
    id: 0,
    inUse: false,
    start: NULL_REFERENCE,
    end: NULL_REFERENCE,
    type: NULL_REFERENCE,
    startPrev: NULL_REFERENCE,
    startNext: NULL_REFERENCE,
    endPrev: NULL_REFERENCE,
    endNext: NULL_REFERENCE,
    nextProp: NULL_REFERENCE,
    firstInStart: false,
    firstInEnd: false,
    secondaryUnit: NULL_REFERENCE,
    fixedReferences: true,
  };
}

/** Marks the record as not in use and clears all its fields. */
export function clearRelationshipRecord(record: RelationshipRecord, id: number): RelationshipRecord {
  record.id = id;
  record.inUse = false;
  record.start = NULL_REFERENCE;
  record.end = NULL_REFERENCE;
  record.type = NULL_REFERENCE;
  record.startPrev = NULL_REFERENCE;
  record.startNext = NULL_REFERENCE;
  record.endPrev = NULL_REFERENCE;
  record.endNext = NULL_REFERENCE;
  record.nextProp = NULL_REFERENCE;
  record.firstInStart = false;
  record.firstInEnd = false;
  record.secondaryUnit = NULL_REFERENCE;
  record.fixedReferences = true;
  return record;
}
