import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { checkDynamicLength, clearDynamicRecord, createDynamicRecord, type DynamicRecord } from '../dynamic-record.ts';
import type { DynamicView } from '../plain-views.ts';
import type { RecordCodec } from '../record-codec.ts';
import { highBits, joinReference } from '../reference.ts';

export const STANDARD_DYNAMIC_HEADER_BYTES = 8;
const IN_USE = 0x10;
const NOT_FIRST = 0x80;

/**
 * Dynamic record, standard format (spec record-stores 6.5):
 *
 *     off size
 *       0    4  bit 31 NOT first of its chain; bit 28 in use; bits 24-27 next bits 32-35; bits 0-23 number of data bytes
 *       4    4  next low
 *       8    n  data; what follows it is stale
 */
export function standardDynamicCodec(size: number): RecordCodec<DynamicRecord> {
  const capacity = size - STANDARD_DYNAMIC_HEADER_BYTES;
  return {
    size,
    create: createDynamicRecord,

    decode(record, id, buffer, offset) {
      if (!standardDynamicView.isInUse(buffer, offset)) return clearDynamicRecord(record, id);
      const length = standardDynamicView.length(buffer, offset);
      checkDynamicLength(id, length, capacity);
      record.id = id;
      record.inUse = true;
      record.first = standardDynamicView.isFirst(buffer, offset);
      record.next = standardDynamicView.next(buffer, offset);
      record.data = buffer.subarray(
        offset + STANDARD_DYNAMIC_HEADER_BYTES,
        offset + STANDARD_DYNAMIC_HEADER_BYTES + length,
      );
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) {
        buffer[offset] = 0;
        return undefined;
      }
      checkDynamicLength(record.id, record.data.length, capacity);
      writeU32(buffer, offset, record.data.length);
      buffer[offset] = (record.first ? 0 : NOT_FIRST) | IN_USE | highBits(record.next, 15);
      writeU32(buffer, offset + 4, record.next);
      buffer.set(record.data, offset + STANDARD_DYNAMIC_HEADER_BYTES);
      return undefined;
    },
  };
}

/** Reads single fields of the layout of {@link standardDynamicCodec}. */
export const standardDynamicView: DynamicView = {
  isInUse: (buffer, offset) => (buffer[offset]! & IN_USE) !== 0,
  isFirst: (buffer, offset) => (buffer[offset]! & NOT_FIRST) === 0,
  next: (buffer, offset) => joinReference(buffer[offset]! & 0x0f, readU32(buffer, offset + 4)),
  length: (buffer, offset) => (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!,
};
