import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import type { PropertyView } from '../plain-views.ts';
import {
  BLOCK_BYTES,
  BLOCKS_PER_RECORD,
  PROPERTY_BLOCKS_BYTES,
  readBlockCount,
  readBlockType,
} from '../property-block-layout.ts';
import { clearPropertyRecord, createPropertyRecord, type PropertyRecord } from '../property-record.ts';
import type { RecordCodec } from '../record-codec.ts';
import { highBits, joinReference } from '../reference.ts';
import { BLOCKS_OFFSET, StandardPlainProperties } from './plain-properties.ts';

/**
 * Property record, standard format (spec record-stores 6.4):
 *
 *     off size
 *       0    1  bits 4-7 prev bits 32-35; bits 0-3 next bits 32-35
 *       1    4  prev low
 *       5    4  next low
 *       9   32  four blocks; if fewer are used, one zero block follows the last, then stale bytes
 *
 * There is no mark: a record is in use if its first block is not zero and one of the four has a valid type.
 */
export const standardPropertyCodec: RecordCodec<PropertyRecord> = {
  size: 41,
  create: createPropertyRecord,

  decode(record, id, buffer, offset) {
    const blocks = offset + BLOCKS_OFFSET;
    if (!isInUse(buffer, blocks)) return clearPropertyRecord(record, id);
    record.id = id;
    record.inUse = true;
    record.prev = joinReference(buffer[offset]! >> 4, readU32(buffer, offset + 1));
    record.next = standardPropertyView.next(buffer, offset);
    record.blockCount = countBlocks(buffer, blocks);
    for (let i = 0; i < PROPERTY_BLOCKS_BYTES; i++) record.blocks[i] = buffer[blocks + i]!;
    record.fixedReferences = true;
    return record;
  },

  encode(record, buffer, offset) {
    const blocks = offset + BLOCKS_OFFSET;
    if (!record.inUse) {
      buffer.fill(0, blocks, blocks + BLOCK_BYTES);
      return undefined;
    }
    buffer[offset] = (highBits(record.prev, 15) << 4) | highBits(record.next, 15);
    writeU32(buffer, offset + 1, record.prev);
    writeU32(buffer, offset + 5, record.next);
    const used = record.blockCount * BLOCK_BYTES;
    for (let i = 0; i < used; i++) buffer[blocks + i] = record.blocks[i]!;
    if (used < PROPERTY_BLOCKS_BYTES) buffer.fill(0, blocks + used, blocks + used + BLOCK_BYTES);
    return undefined;
  },
};

/** Reads single fields of the layout of {@link standardPropertyCodec}. */
export const standardPropertyView: PropertyView = {
  blocksOffset: BLOCKS_OFFSET,
  next: (buffer, offset) => joinReference(buffer[offset]! & 0x0f, readU32(buffer, offset + 5)),
  createPlain: (knownKeys) => new StandardPlainProperties(knownKeys),
};

function isInUse(buffer: Uint8Array, blocks: number): boolean {
  let bits = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) bits |= buffer[blocks + i]!;
  if (bits === 0) return false;
  for (let i = 0; i < BLOCKS_PER_RECORD; i++) {
    const type = readBlockType(buffer, blocks + i * BLOCK_BYTES);
    if (type !== 0 && type !== 15) return true;
  }
  return false;
}

/** If the last value claims more blocks than are left, counts up to the end of the record; decoding reports the error. */
function countBlocks(buffer: Uint8Array, blocks: number): number {
  let count = 0;
  while (count < BLOCKS_PER_RECORD) {
    const length = readBlockCount(buffer, blocks + count * BLOCK_BYTES);
    if (length === 0) break;
    count += length;
  }
  return Math.min(count, BLOCKS_PER_RECORD);
}
