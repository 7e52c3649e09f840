import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import type { DynamicRecord } from '../dynamic-record.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { highBits, joinReference } from '../reference.ts';

export const STANDARD_DYNAMIC_HEADER_BYTES = 8;

const NO_DATA = new Uint8Array(0);

export function createDynamicRecord(): DynamicRecord {
  return { id: 0, inUse: false, first: false, next: NULL_REFERENCE, data: NO_DATA };
}

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

/**
 * Dynamic record, standard format (record-stores spec 6.5):
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
      const head = buffer[offset]!;
      if ((head & 0x10) === 0) return clearDynamicRecord(record, id);
      const length = readU32(buffer, offset) & 0xffffff;
      checkDynamicLength(id, length, capacity);
      record.id = id;
      record.inUse = true;
      record.first = (head & 0x80) === 0;
      record.next = joinReference(head & 0x0f, readU32(buffer, offset + 4));
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
      buffer[offset] = (record.first ? 0 : 0x80) | 0x10 | highBits(record.next, 15);
      writeU32(buffer, offset + 4, record.next);
      buffer.set(record.data, offset + STANDARD_DYNAMIC_HEADER_BYTES);
      return undefined;
    },
  };
}
