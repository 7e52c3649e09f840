import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { clearNodeRecord, createNodeRecord, type NodeRecord } from '../node-record.ts';
import { NULL_REFERENCE, type RecordCodec } from '../record-codec.ts';
import { highBits, joinReference } from '../reference.ts';
import { StandardPropertyOwnerView } from './property-owner-view.ts';

const NEXT_PROP = 5;

/**
 * Node, standard format (spec record-stores 6.1):
 *
 *     off size
 *       0    1  bit 0 in use; bits 1-3 nextRel bits 32-34; bits 4-7 nextProp bits 32-35
 *       1    4  nextRel low
 *       5    4  nextProp low
 *       9    5  label field: u32 bits 0-31, u8 bits 32-39
 *      14    1  bit 0 dense
 */
export const standardNodeCodec: RecordCodec<NodeRecord> = {
  size: 15,
  create: createNodeRecord,

  decode(record, id, buffer, offset) {
    const head = buffer[offset]!;
    if ((head & 1) === 0) return clearNodeRecord(record, id);
    record.id = id;
    record.inUse = true;
    record.nextRel = joinReference((head >> 1) & 7, readU32(buffer, offset + 1));
    record.nextProp = joinReference(head >> 4, readU32(buffer, offset + NEXT_PROP));
    record.labelField = buffer[offset + 13]! * 0x1_0000_0000 + readU32(buffer, offset + 9);
    record.dense = (buffer[offset + 14]! & 1) !== 0;
    record.secondaryUnit = NULL_REFERENCE;
    record.fixedReferences = true;
    return record;
  },

  encode(record, buffer, offset) {
    if (!record.inUse) {
      buffer[offset]! &= ~1;
      return undefined;
    }
    buffer[offset] = 1 | (highBits(record.nextRel, 7) << 1) | (highBits(record.nextProp, 15) << 4);
    writeU32(buffer, offset + 1, record.nextRel);
    writeU32(buffer, offset + NEXT_PROP, record.nextProp);
    writeU32(buffer, offset + 9, record.labelField);
    buffer[offset + 13] = record.labelField / 0x1_0000_0000;
    buffer[offset + 14] = record.dense ? 1 : 0;
    return undefined;
  },
};

export const standardNodeOwnerView = new StandardPropertyOwnerView(NEXT_PROP);
