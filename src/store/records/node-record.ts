import { NULL_REFERENCE } from './record-codec.ts';

export interface NodeRecord {
  id: number;
  inUse: boolean;
  dense: boolean;
  /** First relationship, or first relationship group of a dense node. */
  nextRel: number;
  nextProp: number;
  /** The 40-bit label field (spec record-stores 9) as an unsigned number. */
  labelField: number;
  /** high_limit: id of the second unit, -1 = none. */
  secondaryUnit: number;
  /** high_limit: stored in fixed form. */
  fixedReferences: boolean;
}

export function createNodeRecord(): NodeRecord {
  return {
    id: 0,
    inUse: false,
    dense: false,
    nextRel: NULL_REFERENCE,
    nextProp: NULL_REFERENCE,
    labelField: 0,
    secondaryUnit: NULL_REFERENCE,
    fixedReferences: true,
  };
}

/** Marks the record as not in use and clears all its fields. */
export function clearNodeRecord(record: NodeRecord, id: number): NodeRecord {
  record.id = id;
  record.inUse = false;
  record.dense = false;
  record.nextRel = NULL_REFERENCE;
  record.nextProp = NULL_REFERENCE;
  record.labelField = 0;
  record.secondaryUnit = NULL_REFERENCE;
  record.fixedReferences = true;
  return record;
}
