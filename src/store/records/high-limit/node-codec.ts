import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { clearNodeRecord, createNodeRecord, type NodeRecord } from '../node-record.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { fitsHighBits, highBits, joinReference } from '../reference.ts';
import { type HighLimitVersion, IN_USE, isFixed, isOccupied, isRecord, RecordFrame } from './record-frame.ts';

const SIZE = 16;
const DENSE = 0x08;
const HAS_RELATIONSHIP = 0x10;
const HAS_PROPERTY = 0x20;
const HAS_LABELS = 0x40;

/**
 * Node, high_limit (spec record-stores 7.3). Header 0x08 dense, 0x10 has relationship, 0x20 has property, 0x40 has labels.
 *
 *     fixed: off size
 *              1    1  bits 0-3 nextRel bits 32-35; bits 4-7 nextProp bits 32-35
 *              2    4  nextRel low
 *              6    4  nextProp low
 *             10    5  label field: u32 bits 0-31, u8 bits 32-39
 *     variable: compressed [nextRel] [nextProp] [label field], each if its has-bit is set
 */
export function highLimitNodeCodec(version: HighLimitVersion): RecordCodec<NodeRecord> {
  const frame = new RecordFrame(SIZE);
  return {
    size: SIZE,
    create: createNodeRecord,
    isOccupied,

    decode(record, id, buffer, offset, units) {
      const header = buffer[offset]!;
      if (!isRecord(header)) return clearNodeRecord(record, id);
      record.id = id;
      record.inUse = true;
      record.dense = (header & DENSE) !== 0;
      record.fixedReferences = isFixed(header, version);
      if (record.fixedReferences) {
        const modifier = buffer[offset + 1]!;
        record.nextRel = joinReference(modifier & 0x0f, readU32(buffer, offset + 2));
        record.nextProp = joinReference(modifier >> 4, readU32(buffer, offset + 6));
        record.labelField = buffer[offset + 14]! * 0x1_0000_0000 + readU32(buffer, offset + 10);
        record.secondaryUnit = NULL_REFERENCE;
        return record;
      }
      record.secondaryUnit = frame.readSecondUnitId(buffer, offset);
      const data = frame.open(buffer, offset, record.secondaryUnit, units);
      record.nextRel = (header & HAS_RELATIONSHIP) !== 0 ? data.read() : NULL_REFERENCE;
      record.nextProp = (header & HAS_PROPERTY) !== 0 ? data.read() : NULL_REFERENCE;
      record.labelField = (header & HAS_LABELS) !== 0 ? data.read() : 0;
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) return frame.delete(record, buffer, offset);
      const { nextRel, nextProp, labelField } = record;
      const header =
        IN_USE |
        (record.dense ? DENSE : 0) |
        (nextRel !== NULL_REFERENCE ? HAS_RELATIONSHIP : 0) |
        (nextProp !== NULL_REFERENCE ? HAS_PROPERTY : 0) |
        (labelField !== 0 ? HAS_LABELS : 0);
      if (version.fixedForm && record.fixedReferences && fitsHighBits(nextRel, 4) && fitsHighBits(nextProp, 4)) {
        buffer[offset] = header;
        buffer[offset + 1] = highBits(nextRel, 15) | (highBits(nextProp, 15) << 4);
        writeU32(buffer, offset + 2, nextRel);
        writeU32(buffer, offset + 6, nextProp);
        writeU32(buffer, offset + 10, labelField);
        buffer[offset + 14] = labelField / 0x1_0000_0000;
        return undefined;
      }
      frame.begin();
      if (nextRel !== NULL_REFERENCE) frame.putReference(nextRel);
      if (nextProp !== NULL_REFERENCE) frame.putReference(nextProp);
      if (labelField !== 0) frame.putReference(labelField);
      return frame.finish(buffer, offset, header, record.secondaryUnit);
    },
  };
}
