import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import type { RelationshipView, SmallRelationship } from '../plain-views.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { highBits, joinReference, referenceOutOfRange } from '../reference.ts';
import { clearRelationshipRecord, createRelationshipRecord, type RelationshipRecord } from '../relationship-record.ts';
import { StandardPropertyOwnerView } from './property-owner-view.ts';

const NEXT_PROP = 29;

/**
 * Relationship, standard format (spec record-stores 6.2):
 *
 *     off size
 *       0    1  bit 0 in use; bits 1-3 start node bits 32-34; bits 4-7 nextProp bits 32-35
 *       1    4  start node low
 *       5    4  end node low
 *       9    4  bits 0-15 type; then bits 32-34 of: 16-18 endNext, 19-21 endPrev, 22-24 startNext, 25-27 startPrev, 28-30 end node
 *      13    4  startPrev low
 *      17    4  startNext low
 *      21    4  endPrev low
 *      25    4  endNext low
 *      29    4  nextProp low
 *      33    1  bit 0 first in the chain of the start node, bit 1 of the end node
 */
export const standardRelationshipCodec: RecordCodec<RelationshipRecord> = {
  size: 34,
  create: createRelationshipRecord,

  decode(record, id, buffer, offset) {
    const head = buffer[offset]!;
    if ((head & 1) === 0) return clearRelationshipRecord(record, id);
    const mixed = readU32(buffer, offset + 9);
    const marks = buffer[offset + 33]!;
    record.id = id;
    record.inUse = true;
    record.start = joinReference((head >> 1) & 7, readU32(buffer, offset + 1));
    record.end = joinReference((mixed >>> 28) & 7, readU32(buffer, offset + 5));
    record.type = mixed & 0xffff;
    record.startPrev = joinReference((mixed >>> 25) & 7, readU32(buffer, offset + 13));
    record.startNext = joinReference((mixed >>> 22) & 7, readU32(buffer, offset + 17));
    record.endPrev = joinReference((mixed >>> 19) & 7, readU32(buffer, offset + 21));
    record.endNext = joinReference((mixed >>> 16) & 7, readU32(buffer, offset + 25));
    record.nextProp = joinReference(head >> 4, readU32(buffer, offset + NEXT_PROP));
    record.firstInStart = (marks & 1) !== 0;
    record.firstInEnd = (marks & 2) !== 0;
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
    buffer[offset] = 1 | (highBits(record.start, 7) << 1) | (highBits(record.nextProp, 15) << 4);
    writeU32(buffer, offset + 1, record.start);
    writeU32(buffer, offset + 5, record.end);
    writeU32(
      buffer,
      offset + 9,
      record.type |
        (highBits(record.endNext, 7) << 16) |
        (highBits(record.endPrev, 7) << 19) |
        (highBits(record.startNext, 7) << 22) |
        (highBits(record.startPrev, 7) << 25) |
        (highBits(record.end, 7) << 28),
    );
    writeU32(buffer, offset + 13, record.startPrev);
    writeU32(buffer, offset + 17, record.startNext);
    writeU32(buffer, offset + 21, record.endPrev);
    writeU32(buffer, offset + 25, record.endNext);
    writeU32(buffer, offset + NEXT_PROP, record.nextProp);
    buffer[offset + 33] = (record.firstInStart ? 1 : 0) | (record.firstInEnd ? 2 : 0);
    return undefined;
  },
};

/** Reads single fields of the layout of {@link standardRelationshipCodec}. */
export const standardRelationshipView: RelationshipView = {
  isInUse: (buffer, offset) => (buffer[offset]! & 1) !== 0,
  type: (buffer, offset) => (buffer[offset + 11]! << 8) | buffer[offset + 12]!,
  start: (buffer, offset) => joinReference((buffer[offset]! >> 1) & 7, readU32(buffer, offset + 1)),
  end: (buffer, offset) => joinReference((buffer[offset + 9]! >> 4) & 7, readU32(buffer, offset + 5)),
  createSmall: () => new StandardSmallRelationship(),
};

export const standardRelationshipOwnerView = new StandardPropertyOwnerView(NEXT_PROP);

const START_HIGH_BITS = 0x0e;
/** High bits of the end node and the neighbours, in the field that also holds the type. */
const OTHER_HIGH_BITS = 0x7fff_0000;

class StandardSmallRelationship implements SmallRelationship {
  start = 0;
  end = 0;
  type = 0;
  startPrev = 0;
  startNext = 0;
  endPrev = 0;
  endNext = 0;
  firstInStart = false;
  firstInEnd = false;

  read(buffer: Uint8Array, offset: number): boolean {
    const head = buffer[offset]!;
    const mixed = readU32(buffer, offset + 9) | 0;
    if ((head & 1) === 0 || (head & START_HIGH_BITS) !== 0 || (mixed & OTHER_HIGH_BITS) !== 0) return false;
    // Read as signed: "nothing" is -1, and a value too large for 31 bits is less than that.
    this.start = readU32(buffer, offset + 1) | 0;
    this.end = readU32(buffer, offset + 5) | 0;
    this.startPrev = readU32(buffer, offset + 13) | 0;
    this.startNext = readU32(buffer, offset + 17) | 0;
    this.endPrev = readU32(buffer, offset + 21) | 0;
    this.endNext = readU32(buffer, offset + 25) | 0;
    this.type = mixed & 0xffff;
    const marks = buffer[offset + 33]!;
    this.firstInStart = (marks & 1) !== 0;
    this.firstInEnd = (marks & 2) !== 0;
    return (
      this.start >= NULL_REFERENCE &&
      this.end >= NULL_REFERENCE &&
      this.startPrev >= NULL_REFERENCE &&
      this.startNext >= NULL_REFERENCE &&
      this.endPrev >= NULL_REFERENCE &&
      this.endNext >= NULL_REFERENCE
    );
  }
}
