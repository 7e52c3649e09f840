import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { fitsHighBits, highBits, joinReference, referenceOutOfRange } from '../reference.ts';
import { clearRelationshipRecord, createRelationshipRecord, type RelationshipRecord } from '../relationship-record.ts';
import { type HighLimitVersion, IN_USE, isFixed, isOccupied, isRecord, RecordFrame } from './record-frame.ts';

const SIZE = 32;
const FIRST_IN_START = 0x08;
const FIRST_IN_END = 0x10;
const HAS_START_NEXT = 0x20;
const HAS_END_NEXT = 0x40;
const HAS_PROPERTY = 0x80;

/**
 * Relationship, high_limit (spec record-stores 7.4). Header 0x08 first in start chain, 0x10 first in end chain, 0x20 has startNext,
 * 0x40 has endNext, 0x80 has property.
 *
 *     fixed: off size
 *              1    2  type
 *              3    1  bit 32 of: 0 start node, 1 end node, 2 startPrev, 3 startNext, 4 endPrev, 5 endNext; 6-7 nextProp bits 32-33
 *              4    4  start node         16    4  startNext
 *              8    4  end node           20    4  endPrev
 *             12    4  startPrev          24    4  endNext        28    4  nextProp
 *     variable: u16 type bits 0-15, [u8 type bits 16-23 from vE.H.2], then compressed: [nextProp] start end startPrev [startNext]
 *               endPrev [endNext]. The nexts are relative to the own id; so are the prevs unless first in chain (then a count).
 */
export function highLimitRelationshipCodec(version: HighLimitVersion): RecordCodec<RelationshipRecord> {
  const frame = new RecordFrame(SIZE);
  return {
    size: SIZE,
    create: createRelationshipRecord,
    isOccupied,

    decode(record, id, buffer, offset, units) {
      const header = buffer[offset]!;
      if (!isRecord(header)) return clearRelationshipRecord(record, id);
      record.id = id;
      record.inUse = true;
      record.firstInStart = (header & FIRST_IN_START) !== 0;
      record.firstInEnd = (header & FIRST_IN_END) !== 0;
      record.fixedReferences = isFixed(header, version);
      if (record.fixedReferences) return decodeFixed(record, buffer, offset);
      record.secondaryUnit = frame.readSecondUnitId(buffer, offset);
      const data = frame.open(buffer, offset, record.secondaryUnit, units);
      record.type = data.u16();
      if (version.wideTypes) record.type |= data.u8() << 16;
      record.nextProp = (header & HAS_PROPERTY) !== 0 ? data.read() : NULL_REFERENCE;
      record.start = data.read();
      record.end = data.read();
      record.startPrev = data.read() + (record.firstInStart ? 0 : id);
      record.startNext = (header & HAS_START_NEXT) !== 0 ? data.read() + id : NULL_REFERENCE;
      record.endPrev = data.read() + (record.firstInEnd ? 0 : id);
      record.endNext = (header & HAS_END_NEXT) !== 0 ? data.read() + id : NULL_REFERENCE;
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) return frame.delete(record, buffer, offset);
      if (record.type < 0 || record.type > (version.wideTypes ? 0xffffff : 0xffff))
        throw referenceOutOfRange(record.type);
      const header =
        IN_USE |
        (record.firstInStart ? FIRST_IN_START : 0) |
        (record.firstInEnd ? FIRST_IN_END : 0) |
        (record.startNext !== NULL_REFERENCE ? HAS_START_NEXT : 0) |
        (record.endNext !== NULL_REFERENCE ? HAS_END_NEXT : 0) |
        (record.nextProp !== NULL_REFERENCE ? HAS_PROPERTY : 0);
      if (version.fixedForm && record.fixedReferences && fitsFixed(record)) {
        encodeFixed(record, header, buffer, offset);
        return undefined;
      }
      putFields(frame.begin(), record, version);
      return frame.finish(buffer, offset, header, record.secondaryUnit);
    },
  };
}

function decodeFixed(record: RelationshipRecord, buffer: Uint8Array, offset: number): RelationshipRecord {
  const modifier = buffer[offset + 3]!;
  record.type = (buffer[offset + 1]! << 8) | buffer[offset + 2]!;
  record.start = joinReference(modifier & 1, readU32(buffer, offset + 4));
  record.end = joinReference((modifier >> 1) & 1, readU32(buffer, offset + 8));
  record.startPrev = joinReference((modifier >> 2) & 1, readU32(buffer, offset + 12));
  record.startNext = joinReference((modifier >> 3) & 1, readU32(buffer, offset + 16));
  record.endPrev = joinReference((modifier >> 4) & 1, readU32(buffer, offset + 20));
  record.endNext = joinReference((modifier >> 5) & 1, readU32(buffer, offset + 24));
  record.nextProp = joinReference(modifier >> 6, readU32(buffer, offset + 28));
  record.secondaryUnit = NULL_REFERENCE;
  return record;
}

function fitsFixed(record: RelationshipRecord): boolean {
  return (
    record.type <= 0xffff &&
    fitsHighBits(record.start, 1) &&
    fitsHighBits(record.end, 1) &&
    fitsHighBits(record.startPrev, 1) &&
    fitsHighBits(record.startNext, 1) &&
    fitsHighBits(record.endPrev, 1) &&
    fitsHighBits(record.endNext, 1) &&
    fitsHighBits(record.nextProp, 2)
  );
}

function encodeFixed(record: RelationshipRecord, header: number, buffer: Uint8Array, offset: number): void {
  buffer[offset] = header;
  buffer[offset + 1] = record.type >>> 8;
  buffer[offset + 2] = record.type;
  buffer[offset + 3] =
    highBits(record.start, 1) |
    (highBits(record.end, 1) << 1) |
    (highBits(record.startPrev, 1) << 2) |
    (highBits(record.startNext, 1) << 3) |
    (highBits(record.endPrev, 1) << 4) |
    (highBits(record.endNext, 1) << 5) |
    (highBits(record.nextProp, 3) << 6);
  writeU32(buffer, offset + 4, record.start);
  writeU32(buffer, offset + 8, record.end);
  writeU32(buffer, offset + 12, record.startPrev);
  writeU32(buffer, offset + 16, record.startNext);
  writeU32(buffer, offset + 20, record.endPrev);
  writeU32(buffer, offset + 24, record.endNext);
  writeU32(buffer, offset + 28, record.nextProp);
}

function putFields(frame: RecordFrame, record: RelationshipRecord, version: HighLimitVersion): void {
  const { id } = record;
  frame.putByte(record.type >>> 8);
  frame.putByte(record.type);
  if (version.wideTypes) frame.putByte(record.type >>> 16);
  if (record.nextProp !== NULL_REFERENCE) frame.putReference(record.nextProp);
  frame.putReference(record.start);
  frame.putReference(record.end);
  frame.putReference(record.startPrev - (record.firstInStart ? 0 : id));
  if (record.startNext !== NULL_REFERENCE) frame.putReference(record.startNext - id);
  frame.putReference(record.endPrev - (record.firstInEnd ? 0 : id));
  if (record.endNext !== NULL_REFERENCE) frame.putReference(record.endNext - id);
}
