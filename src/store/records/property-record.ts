import { PROPERTY_BLOCKS_BYTES } from './property-block-layout.ts';
import { NULL_REFERENCE } from './record-codec.ts';

export interface PropertyRecord {
  id: number;
  inUse: boolean;
  prev: number;
  next: number;
  /** Used 8-byte blocks, 0..4. */
  blockCount: number;
  /** 32 bytes, the blocks as they stand in the file (big-endian); only the first `8 * blockCount` bytes have meaning. */
  blocks: Uint8Array;
  /** high_limit: stored in the fixed form. */
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

/** Makes the record not in use, with nothing left of what it held. */
export function clearPropertyRecord(record: PropertyRecord, id: number): PropertyRecord {
  record.id = id;
  record.inUse = false;
  record.prev = NULL_REFERENCE;
  record.next = NULL_REFERENCE;
  record.blockCount = 0;
  record.fixedReferences = true;
  return record;
}
