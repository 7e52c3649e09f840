import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { highBits, joinReference, referenceOutOfRange } from '../reference.ts';
import type { RelationshipRecord } from '../relationship-record.ts';

export function createRelationshipRecord(): RelationshipRecord {
  return {
    id: 0,
    inUse: false,
    start: NULL_REFERENCE,
    end: NULL_REFERENCE,
    type: NULL_REFERENCE,
    startPrev: NULL_REFERENCE,
    startNext: NULL_REFERENCE,
    endPrev: NULL_REFERENCE,
    endNext: NULL_REFERENCE,
    nextProp: NULL_REFERENCE,
    firstInStart: false,
    firstInEnd: false,
    secondaryUnit: NULL_REFERENCE,
    fixedReferences: true,
  };
}

export function clearRelationshipRecord(record: RelationshipRecord, id: number): RelationshipRecord {
  record.id = id;
  record.inUse = false;
  record.start = NULL_REFERENCE;
  record.end = NULL_REFERENCE;
  record.type = NULL_REFERENCE;
  record.startPrev = NULL_REFERENCE;
  record.startNext = NULL_REFERENCE;
  record.endPrev = NULL_REFERENCE;
  record.endNext = NULL_REFERENCE;
  record.nextProp = NULL_REFERENCE;
  record.firstInStart = false;
  record.firstInEnd = false;
  record.secondaryUnit = NULL_REFERENCE;
  record.fixedReferences = true;
  return record;
}

/**
 * Relationship, standard format (record-stores spec 6.2):
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
    record.start = readStartNode(buffer, offset);
    record.end = readEndNode(buffer, offset);
    record.type = mixed & 0xffff;
    record.startPrev = joinReference((mixed >>> 25) & 7, readU32(buffer, offset + 13));
    record.startNext = joinReference((mixed >>> 22) & 7, readU32(buffer, offset + 17));
    record.endPrev = joinReference((mixed >>> 19) & 7, readU32(buffer, offset + 21));
    record.endNext = joinReference((mixed >>> 16) & 7, readU32(buffer, offset + 25));
    record.nextProp = joinReference(head >> 4, readU32(buffer, offset + 29));
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
    writeU32(buffer, offset + 29, record.nextProp);
    buffer[offset + 33] = (record.firstInStart ? 1 : 0) | (record.firstInEnd ? 2 : 0);
    return undefined;
  },
};

/** Single fields of a standard record, for those who need no more: see {@link standardRelationshipCodec}. */
export function isRelationshipInUse(buffer: Uint8Array, offset: number): boolean {
  return (buffer[offset]! & 1) !== 0;
}

export function readRelationshipType(buffer: Uint8Array, offset: number): number {
  return (buffer[offset + 11]! << 8) | buffer[offset + 12]!;
}

export function readStartNode(buffer: Uint8Array, offset: number): number {
  return joinReference((buffer[offset]! >> 1) & 7, readU32(buffer, offset + 1));
}

export function readEndNode(buffer: Uint8Array, offset: number): number {
  return joinReference((buffer[offset + 9]! >> 4) & 7, readU32(buffer, offset + 5));
}
