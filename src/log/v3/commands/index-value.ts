import { readU32 } from '../../../base/byte-reader.ts';
import type { ByteWriter } from '../../../base/byte-writer.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { corruptLog, INCOMPLETE, readI32, readU16 } from '../fields/log-integer.ts';
import { decodeText } from './index-text.ts';

/**
 * Value of an explicit index command; its type is in the command header (spec transaction-logs 3.10)
 *
 * | type | bytes |
 * |---|---|
 * | 0 none | - |
 * | 1 short | i16 |
 * | 2 int | i32 |
 * | 3 long | i64 |
 * | 4 float | IEEE-754 single |
 * | 5 double | IEEE-754 double |
 * | 6 string | length low u16, length high u8, UTF-8 bytes |
 */
export type IndexValue =
  | { type: 'none' }
  | { type: 'short' | 'int'; value: number }
  | { type: 'long'; value: bigint }
  | { type: 'float'; bits: number }
  | { type: 'double'; bits: bigint }
  | { type: 'string'; value: string };

const VALUE_TYPES = ['none', 'short', 'int', 'long', 'float', 'double', 'string'] as const;
const VALUE_BYTES = [0, 2, 4, 8, 4, 8] as const;
const STRING = 6;

export function valueTypeNumber(value: IndexValue): number {
  return VALUE_TYPES.indexOf(value.type);
}

function stringBytes(buffer: Uint8Array, at: number): number {
  return readU16(buffer, at) | (buffer[at + 2]! << 16);
}

export function skipIndexValue(buffer: Uint8Array, at: number, end: number, valueType: number): number {
  if (valueType > STRING) throw corruptLog('an explicit index value has a type that does not exist', at, valueType);
  if (valueType === STRING && at + 3 > end) throw INCOMPLETE;
  const next = at + (valueType === STRING ? 3 + stringBytes(buffer, at) : VALUE_BYTES[valueType]!);
  if (next > end) throw INCOMPLETE;
  return next;
}

export function decodeIndexValue(buffer: Uint8Array, at: number, valueType: number): IndexValue {
  const type = VALUE_TYPES[valueType] ?? 'none';
  switch (type) {
    case 'none':
      return { type };
    case 'short':
      return { type, value: (readU16(buffer, at) << 16) >> 16 };
    case 'int':
      return { type, value: readI32(buffer, at) };
    case 'long':
      return { type, value: (BigInt(readI32(buffer, at)) << 32n) | BigInt(readU32(buffer, at + 4)) };
    case 'float':
      return { type, bits: readU32(buffer, at) };
    case 'double':
      return { type, bits: (BigInt(readU32(buffer, at)) << 32n) | BigInt(readU32(buffer, at + 4)) };
    case 'string':
      return { type, value: decodeText(buffer, at + 3, at + 3 + stringBytes(buffer, at)) };
  }
}

export function encodeIndexValue(writer: ByteWriter, value: IndexValue): void {
  switch (value.type) {
    case 'none':
      return;
    case 'short':
      writer.u16(value.value & 0xffff);
      return;
    case 'int':
      writer.i32(value.value);
      return;
    case 'long':
      writer.bigI64(value.value);
      return;
    case 'float':
      writer.i32(value.bits);
      return;
    case 'double':
      writer.bigI64(value.bits);
      return;
    case 'string':
      encodeString(writer, value.value);
  }
}

function encodeString(writer: ByteWriter, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 0x7fffff) {
    throw new GraphkeepError('internal', 'an explicit index value is longer than 8388607 bytes', {
      observed: bytes.length,
    });
  }
  writer
    .u16(bytes.length & 0xffff)
    .u8(bytes.length >>> 16)
    .bytes(bytes);
}
