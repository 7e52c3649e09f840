import { readI64, writeI64 } from '../../../base/byte-reader.ts';
import { checkDynamicLength, clearDynamicRecord, createDynamicRecord, type DynamicRecord } from '../dynamic-record.ts';
import type { RecordCodec } from '../record-codec.ts';
import { referenceOutOfRange } from '../reference.ts';
import { IN_USE } from './record-frame.ts';

export const HIGH_LIMIT_DYNAMIC_HEADER_BYTES = 12;
const FIRST = 0x08;

/**
 * Dynamic record, high_limit (spec record-stores 7.7):
 *
 *     off size
 *       0    1  bit 0 in use; bit 3 first of its chain (the opposite sense of standard)
 *       1    2  number of data bytes, bits 0-15
 *       3    1  number of data bytes, bits 16-23
 *       4    8  next, -1 = last
 *      12    n  data; what follows it is stale
 */
export function highLimitDynamicCodec(size: number): RecordCodec<DynamicRecord> {
  const capacity = size - HIGH_LIMIT_DYNAMIC_HEADER_BYTES;
  return {
    size,
    create: createDynamicRecord,

    decode(record, id, buffer, offset) {
      const header = buffer[offset]!;
      if ((header & IN_USE) === 0) return clearDynamicRecord(record, id);
      const length = (buffer[offset + 3]! << 16) | (buffer[offset + 1]! << 8) | buffer[offset + 2]!;
      checkDynamicLength(id, length, capacity);
      record.id = id;
      record.inUse = true;
      record.first = (header & FIRST) !== 0;
      record.next = readI64(buffer, offset + 4);
      if (!Number.isSafeInteger(record.next)) throw referenceOutOfRange(record.next);
      const data = offset + HIGH_LIMIT_DYNAMIC_HEADER_BYTES;
      record.data = buffer.subarray(data, data + length);
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) {
        buffer[offset]! &= ~IN_USE;
        return undefined;
      }
      const length = record.data.length;
      checkDynamicLength(record.id, length, capacity);
      buffer[offset] = IN_USE | (record.first ? FIRST : 0);
      buffer[offset + 1] = length >>> 8;
      buffer[offset + 2] = length;
      buffer[offset + 3] = length >>> 16;
      writeI64(buffer, offset + 4, record.next);
      buffer.set(record.data, offset + HIGH_LIMIT_DYNAMIC_HEADER_BYTES);
      return undefined;
    },
  };
}
