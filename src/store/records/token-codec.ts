import { readU32, writeU32 } from '../../base/byte-reader.ts';
import { NULL_REFERENCE, type RecordCodec } from './record-codec.ts';
import type { TokenRecord } from './token-record.ts';

function createTokenRecord(): TokenRecord {
  return { id: 0, inUse: false, propertyCount: 0, nameId: NULL_REFERENCE };
}

/** A name id is 32 bits wide; all ones is "none". */
function readNameId(buffer: Uint8Array, offset: number): number {
  const id = readU32(buffer, offset);
  return id === 0xffff_ffff ? NULL_REFERENCE : id;
}

function decodeHead(record: TokenRecord, id: number, buffer: Uint8Array, offset: number): boolean {
  record.id = id;
  record.inUse = (buffer[offset]! & 1) !== 0;
  record.propertyCount = 0;
  record.nameId = NULL_REFERENCE;
  return record.inUse;
}

/**
 * Label and relationship type tokens, every format (spec record-stores 6.6):
 *
 *     off size
 *       0    1  1 = in use
 *       1    4  first record of the name in the names store
 */
export const tokenCodec: RecordCodec<TokenRecord> = {
  size: 5,
  create: createTokenRecord,
  decode(record, id, buffer, offset) {
    if (decodeHead(record, id, buffer, offset)) record.nameId = readNameId(buffer, offset + 1);
    return record;
  },
  encode(record, buffer, offset) {
    buffer[offset] = record.inUse ? 1 : 0;
    if (record.inUse) writeU32(buffer, offset + 1, record.nameId);
    return undefined;
  },
};

/**
 * Property key tokens, every format:
 *
 *     off size
 *       0    1  1 = in use
 *       1    4  property count, unused
 *       5    4  first record of the name in the names store
 */
export const propertyKeyCodec: RecordCodec<TokenRecord> = {
  size: 9,
  create: createTokenRecord,
  decode(record, id, buffer, offset) {
    if (!decodeHead(record, id, buffer, offset)) return record;
    record.propertyCount = readU32(buffer, offset + 1);
    record.nameId = readNameId(buffer, offset + 5);
    return record;
  },
  encode(record, buffer, offset) {
    buffer[offset] = record.inUse ? 1 : 0;
    if (!record.inUse) return undefined;
    writeU32(buffer, offset + 1, record.propertyCount);
    writeU32(buffer, offset + 5, record.nameId);
    return undefined;
  },
};
