import { type ByteReader, writeI64 } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { compareI64 } from '../../tree/page/byte-order.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue } from '../../values/property-value.ts';
import { writeRawBits } from './block-values.ts';
import type { IndexEntry, IndexKeyCodec } from './key-codec.ts';
import { compareNumbers, isNumber, numberBytes, numberFromRawBits, numberTypeOf, rawBitsOf } from './number-order.ts';

/**
 * Numbers of the `native-1.0` part (spec trees-and-indexes 12, layouts NUNI and UNI). Order: number, entity.
 *
 * | offset | type | field                                                    |
 * |--------|------|----------------------------------------------------------|
 * | 0      | u8   | number type: byte, short, int, long, float, double       |
 * | 1      | i64  | raw value (see {@link rawBitsOf})                        |
 * | 9      | i64  | entity id                                                |
 */
const KEY_BYTES = 17;
const RAW_AT = 1;
const RAW_BYTES = 8;
const ENTITY_AT = 9;

function compare(a: Uint8Array, aStart: number, _aLength: number, b: Uint8Array, bStart: number): number {
  const aType = a[aStart]!;
  const bType = b[bStart]!;
  const aAt = aStart + ENTITY_AT - numberBytes(aType);
  const bAt = bStart + ENTITY_AT - numberBytes(bType);
  const order = compareNumbers(aType, a, aAt, bType, b, bAt);
  return order !== 0 ? order : compareI64(a, aStart + ENTITY_AT, b, bStart + ENTITY_AT);
}

const common = {
  majorVersion: 0,
  minorVersion: 1,
  keys: 'fixed',
  keyBytes: KEY_BYTES,
  valueBytes: 0,
  compare,
} as const;

export const numberLayout: TreeLayout = { name: 'NUNI', number: 0, ...common };
export const uniqueNumberLayout: TreeLayout = { name: 'UNI', number: 17, ...common };

function encode(entityId: number, values: readonly PropertyValue[]): Uint8Array | undefined {
  const value = values[0]!;
  if (values.length !== 1 || !isNumber(value)) return undefined;
  const writer = new ByteWriter(KEY_BYTES);
  return writer.u8(numberTypeOf(value.type)).bigI64(rawBitsOf(value)).i64(entityId).view();
}

/** {@link encode} for a number in property blocks, into `key`; returns its length. */
export function writeNumberKey(
  key: Uint8Array,
  entityId: number,
  type: number,
  blocks: Uint8Array,
  offset: number,
): number {
  key[0] = type;
  writeRawBits(key, RAW_AT, RAW_BYTES, type, blocks, offset);
  writeI64(key, ENTITY_AT, entityId);
  return KEY_BYTES;
}

function decode(reader: ByteReader): IndexEntry {
  const type = reader.u8();
  const value = numberFromRawBits(type, reader.bigI64());
  return { entityId: reader.i64(), values: [value] };
}

export const numberKey: IndexKeyCodec = { layout: numberLayout, encode, decode };
export const uniqueNumberKey: IndexKeyCodec = { layout: uniqueNumberLayout, encode, decode };
