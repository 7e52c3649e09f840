import { GraphkeepError } from '../../base/errors.ts';
import { NULL_REFERENCE } from './record-codec.ts';

export interface DynamicRecord {
  id: number;
  inUse: boolean;
  /** First record of its chain. */
  first: boolean;
  next: number;
  /** Data bytes of this record, a view into the decoded buffer. */
  data: Uint8Array;
}

const NO_DATA = new Uint8Array(0);

export function createDynamicRecord(): DynamicRecord {
  return { id: 0, inUse: false, first: false, next: NULL_REFERENCE, data: NO_DATA };
}

/** Marks the record as not in use and clears all its fields. */
export function clearDynamicRecord(record: DynamicRecord, id: number): DynamicRecord {
  record.id = id;
  record.inUse = false;
  record.first = false;
  record.next = NULL_REFERENCE;
  record.data = NO_DATA;
  return record;
}

export function checkDynamicLength(id: number, length: number, capacity: number): void {
  if (length <= capacity) return;
  throw new GraphkeepError('store.corrupt', `dynamic record ${id} claims more than its ${capacity} data bytes`, {
    observed: length,
  });
}
