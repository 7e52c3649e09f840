import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { BLOCK_BYTES, BLOCKS_PER_RECORD } from '../property-block-layout.ts';
import { clearPropertyRecord, createPropertyRecord, type PropertyRecord } from '../property-record.ts';
import type { RecordCodec } from '../record-codec.ts';
import { fitsHighBits, highBits, joinReference } from '../reference.ts';
import { ReferenceCursor, writeCompressed } from './compressed-reference.ts';
import { type HighLimitVersion, IN_USE } from './record-frame.ts';

const SIZE = 48;
const FIXED_BLOCKS = 16;
/** The opposite of the other records' flag. */
const FIXED = 0x04;

/** Two references in their longest form. */
const REFERENCES_BYTES = 16;

/**
 * Property record, high_limit (spec record-stores 7.6). Byte 0: bit 0 in use; bit 2 fixed form; bits 4-7 number of blocks.
 *
 *     fixed: off size
 *              1    2  prev bits 32-47        7    2  next bits 32-47
 *              3    4  prev low               9    4  next low
 *             13    3  padding               16    n  blocks
 *     variable: compressed (prev - own id), compressed (next - own id), blocks. "Nothing" is the value -1.
 */
export function highLimitPropertyCodec(version: HighLimitVersion): RecordCodec<PropertyRecord> {
  const cursor = new ReferenceCursor();
  const references = new Uint8Array(REFERENCES_BYTES);
  return {
    size: SIZE,
    create: createPropertyRecord,

    decode(record, id, buffer, offset) {
      const header = buffer[offset]!;
      if ((header & IN_USE) === 0) return clearPropertyRecord(record, id);
      record.id = id;
      record.inUse = true;
      record.blockCount = header >> 4;
      record.fixedReferences = version.fixedForm && (header & FIXED) !== 0;
      let blocks = offset + FIXED_BLOCKS;
      if (record.fixedReferences) {
        record.prev = joinReference(readU16(buffer, offset + 1), readU32(buffer, offset + 3));
        record.next = joinReference(readU16(buffer, offset + 7), readU32(buffer, offset + 9));
      } else {
        cursor.reset(buffer, offset + 1, offset + SIZE);
        record.prev = cursor.read() + id;
        record.next = cursor.read() + id;
        blocks = cursor.position;
      }
      const used = record.blockCount * BLOCK_BYTES;
      if (record.blockCount > BLOCKS_PER_RECORD || blocks + used > offset + SIZE) throw tooManyBlocks(record);
      for (let i = 0; i < used; i++) record.blocks[i] = buffer[blocks + i]!;
      return record;
    },

    encode(record, buffer, offset) {
      if (!record.inUse) {
        buffer[offset]! &= ~IN_USE;
        return undefined;
      }
      const { prev, next, blockCount } = record;
      const header = IN_USE | (blockCount << 4);
      let blocks = offset + FIXED_BLOCKS;
      if (version.fixedForm && record.fixedReferences && fitsHighBits(prev, 16) && fitsHighBits(next, 16)) {
        buffer[offset] = header | FIXED;
        writeU16(buffer, offset + 1, highBits(prev, 0xffff));
        writeU32(buffer, offset + 3, prev);
        writeU16(buffer, offset + 7, highBits(next, 0xffff));
        writeU32(buffer, offset + 9, next);
        buffer.fill(0, offset + 13, offset + FIXED_BLOCKS);
      } else {
        const length = writeCompressed(references, writeCompressed(references, 0, prev - record.id), next - record.id);
        blocks = offset + 1 + length;
        if (blocks + blockCount * BLOCK_BYTES > offset + SIZE) throw tooManyBlocks(record);
        buffer[offset] = header;
        for (let i = 0; i < length; i++) buffer[offset + 1 + i] = references[i]!;
      }
      for (let i = 0; i < blockCount * BLOCK_BYTES; i++) buffer[blocks + i] = record.blocks[i]!;
      return undefined;
    },
  };
}

function readU16(buffer: Uint8Array, offset: number): number {
  return (buffer[offset]! << 8) | buffer[offset + 1]!;
}

function writeU16(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value >>> 8;
  buffer[offset + 1] = value;
}

function tooManyBlocks(record: PropertyRecord): GraphkeepError {
  return new GraphkeepError('store.corrupt', `property record ${record.id} has more blocks than room`, {
    observed: record.blockCount,
  });
}
