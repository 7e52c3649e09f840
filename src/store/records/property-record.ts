import { PROPERTY_BLOCKS_BYTES } from './property-block-layout.ts';
import { NULL_REFERENCE } from './record-codec.ts';

export interface PropertyRecord {
  id: number;
  inUse: boolean;
  prev: number;
  next: number;
  /** Used 8-byte blocks, 0..4. */
  blockCount: number;
  /** 32 bytes, the blocks as in the file (big-endian); only the first `8 * blockCount` bytes are meaningful. */
  blocks: Uint8Array;
  /** high_limit: stored in fixed form. */
  fixedReferences: boolean;
}

export function createPropertyRecord(): PropertyRecord {
  return {
    id: 0,
    inUse: false,
    prev: NULL_REFERENCE,
    next: NULL_REFERENCE,
    blockCount: 0,
    blocks: new Uint8Array(PROPERTY_BLOCKS_BYTES),
    fixedReferences: true,
  };
}

/** Marks the record as not in use and clears all its fields. */
export function clearPropertyRecord(record: PropertyRecord, id: number): PropertyRecord {
  record.id = id;
  record.inUse = false;
  record.prev = NULL_REFERENCE;
  record.next = NULL_REFERENCE;
  record.blockCount = 0;
  record.fixedReferences = true;
  return record;
}
