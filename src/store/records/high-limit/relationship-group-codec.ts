import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { fitsHighBits, highBits, joinReference, referenceOutOfRange } from '../reference.ts';
import {
  clearRelationshipGroupRecord,
  createRelationshipGroupRecord,
  type RelationshipGroupRecord,
} from '../relationship-group-record.ts';
import { type HighLimitVersion, IN_USE, isFixed, isOccupied, isRecord, RecordFrame } from './record-frame.ts';

const SIZE = 32;
const HAS_OUT = 0x08;
const HAS_IN = 0x10;
const HAS_LOOP = 0x20;
const HAS_NEXT = 0x40;

/**
 * Relationship group, high_limit (spec record-stores 7.5). Header 0x08 has out, 0x10 has in, 0x20 has loop, 0x40 has next.
 *
 *     fixed: off size
 *              1    1  bit 32 of: 0 next, 1 out, 2 in, 3 loop, 4 owner
 *              2    2  type low
 *              4    1  type high, from vE.H.2; before, everything below is one byte earlier
 *              5    4  next    9  4  out    13  4  in    17  4  loop    21  4  owner
 *     variable: u16 type low, [u8 type high from vE.H.2], then compressed: [out] [in] [loop] owner [next]
 */
export function highLimitRelationshipGroupCodec(version: HighLimitVersion): RecordCodec<RelationshipGroupRecord> {
  const frame = new RecordFrame(SIZE);
  return {
    size: SIZE,
    create: createRelationshipGroupRecord,
    isOccupied,

    decode(record, id, buffer, offset, units) {
      const header = buffer[offset]!;
      if (!isRecord(header)) return clearRelationshipGroupRecord(record, id);
      record.id = id;
      record.inUse = true;
      record.fixedReferences = isFixed(header, version);
      if (record.fixedReferences) return decodeFixed(record, buffer, offset, version);
      record.secondaryUnit = frame.readSecondUnitId(buffer, offset);
      const data = frame.open(buffer, offset, record.secondaryUnit, units);
      record.type = data.u16();
      if (version.wideTypes) record.type |= data.u8() << 16;
      record.firstOut = (header & HAS_OUT) !== 0 ? data.read() : NULL_REFERENCE;
      record.firstIn = (header & HAS_IN) !== 0 ? data.read() : NULL_REFERENCE;
      record.firstLoop = (header & HAS_LOOP) !== 0 ? data.read() : NULL_REFERENCE;
      record.owner = data.read();
      record.next = (header & HAS_NEXT) !== 0 ? data.read() : NULL_REFERENCE;
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) return frame.delete(record, buffer, offset);
      if (record.type < 0 || record.type > (version.wideTypes ? 0xffffff : 0xffff))
        throw referenceOutOfRange(record.type);
      const header =
        IN_USE |
        (record.firstOut !== NULL_REFERENCE ? HAS_OUT : 0) |
        (record.firstIn !== NULL_REFERENCE ? HAS_IN : 0) |
        (record.firstLoop !== NULL_REFERENCE ? HAS_LOOP : 0) |
        (record.next !== NULL_REFERENCE ? HAS_NEXT : 0);
      if (version.fixedForm && record.fixedReferences && fitsFixed(record)) {
        encodeFixed(record, header, buffer, offset, version);
        return undefined;
      }
      putFields(frame.begin(), record, version);
      return frame.finish(buffer, offset, header, record.secondaryUnit);
    },
  };
}

function decodeFixed(
  record: RelationshipGroupRecord,
  buffer: Uint8Array,
  offset: number,
  version: HighLimitVersion,
): RelationshipGroupRecord {
  const modifier = buffer[offset + 1]!;
  const references = offset + (version.wideTypes ? 5 : 4);
  record.type = (buffer[offset + 2]! << 8) | buffer[offset + 3]!;
  if (version.wideTypes) record.type |= buffer[offset + 4]! << 16;
  record.next = joinReference(modifier & 1, readU32(buffer, references));
  record.firstOut = joinReference((modifier >> 1) & 1, readU32(buffer, references + 4));
  record.firstIn = joinReference((modifier >> 2) & 1, readU32(buffer, references + 8));
  record.firstLoop = joinReference((modifier >> 3) & 1, readU32(buffer, references + 12));
  record.owner = joinReference((modifier >> 4) & 1, readU32(buffer, references + 16));
  record.secondaryUnit = NULL_REFERENCE;
  return record;
}

function fitsFixed(record: RelationshipGroupRecord): boolean {
  return (
    fitsHighBits(record.next, 1) &&
    fitsHighBits(record.firstOut, 1) &&
    fitsHighBits(record.firstIn, 1) &&
    fitsHighBits(record.firstLoop, 1) &&
    fitsHighBits(record.owner, 1)
  );
}

function encodeFixed(
  record: RelationshipGroupRecord,
  header: number,
  buffer: Uint8Array,
  offset: number,
  version: HighLimitVersion,
): void {
  const references = offset + (version.wideTypes ? 5 : 4);
  buffer[offset] = header;
  buffer[offset + 1] =
    highBits(record.next, 1) |
    (highBits(record.firstOut, 1) << 1) |
    (highBits(record.firstIn, 1) << 2) |
    (highBits(record.firstLoop, 1) << 3) |
    (highBits(record.owner, 1) << 4);
  buffer[offset + 2] = record.type >>> 8;
  buffer[offset + 3] = record.type;
  if (version.wideTypes) buffer[offset + 4] = record.type >>> 16;
  writeU32(buffer, references, record.next);
  writeU32(buffer, references + 4, record.firstOut);
  writeU32(buffer, references + 8, record.firstIn);
  writeU32(buffer, references + 12, record.firstLoop);
  writeU32(buffer, references + 16, record.owner);
}

function putFields(frame: RecordFrame, record: RelationshipGroupRecord, version: HighLimitVersion): void {
  frame.putByte(record.type >>> 8);
  frame.putByte(record.type);
  if (version.wideTypes) frame.putByte(record.type >>> 16);
  if (record.firstOut !== NULL_REFERENCE) frame.putReference(record.firstOut);
  if (record.firstIn !== NULL_REFERENCE) frame.putReference(record.firstIn);
  if (record.firstLoop !== NULL_REFERENCE) frame.putReference(record.firstLoop);
  frame.putReference(record.owner);
  if (record.next !== NULL_REFERENCE) frame.putReference(record.next);
}
