import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { highBits, joinReference, referenceOutOfRange } from '../reference.ts';
import {
  clearRelationshipGroupRecord,
  createRelationshipGroupRecord,
  type RelationshipGroupRecord,
} from '../relationship-group-record.ts';

/**
 * Relationship group, standard format (spec record-stores 6.3):
 *
 *     off size
 *       0    1  bit 0 in use; bits 1-3 next bits 32-34; bits 4-6 firstOut bits 32-34
 *       1    1  bits 1-3 firstIn bits 32-34; bits 4-6 firstLoop bits 32-34
 *       2    2  type
 *       4    4  next low
 *       8    4  firstOut low
 *      12    4  firstIn low
 *      16    4  firstLoop low
 *      20    5  owning node: u32 bits 0-31, u8 bits 32-39
 */
export const standardRelationshipGroupCodec: RecordCodec<RelationshipGroupRecord> = {
  size: 25,
  create: createRelationshipGroupRecord,

  decode(record, id, buffer, offset) {
    const head = buffer[offset]!;
    if ((head & 1) === 0) return clearRelationshipGroupRecord(record, id);
    const more = buffer[offset + 1]!;
    record.id = id;
    record.inUse = true;
    record.type = (buffer[offset + 2]! << 8) | buffer[offset + 3]!;
    record.next = joinReference((head >> 1) & 7, readU32(buffer, offset + 4));
    record.firstOut = joinReference((head >> 4) & 7, readU32(buffer, offset + 8));
    record.firstIn = joinReference((more >> 1) & 7, readU32(buffer, offset + 12));
    record.firstLoop = joinReference((more >> 4) & 7, readU32(buffer, offset + 16));
    record.owner = joinReference(buffer[offset + 24]!, readU32(buffer, offset + 20));
    record.secondaryUnit = NULL_REFERENCE;
    record.fixedReferences = true;
    return record;
  },

  encode(record, buffer, offset) {
    if (!record.inUse) {
      buffer[offset]! &= ~1;
      return undefined;
    }
    if (record.type < 0 || record.type > 0xffff) throw referenceOutOfRange(record.type);
    buffer[offset] = 1 | (highBits(record.next, 7) << 1) | (highBits(record.firstOut, 7) << 4);
    buffer[offset + 1] = (highBits(record.firstIn, 7) << 1) | (highBits(record.firstLoop, 7) << 4);
    buffer[offset + 2] = record.type >>> 8;
    buffer[offset + 3] = record.type;
    writeU32(buffer, offset + 4, record.next);
    writeU32(buffer, offset + 8, record.firstOut);
    writeU32(buffer, offset + 12, record.firstIn);
    writeU32(buffer, offset + 16, record.firstLoop);
    writeU32(buffer, offset + 20, record.owner);
    buffer[offset + 24] = highBits(record.owner, 255);
    return undefined;
  },
};
