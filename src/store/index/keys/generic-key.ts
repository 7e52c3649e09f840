import { type ByteReader, writeI64 } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue, ScalarValue } from '../../values/property-value.ts';
import { encodeUtf8 } from '../../values/short-string.ts';
import { readShortText } from '../../values/short-text.ts';
import { writeRawBits } from './block-values.ts';
import { findGenericKeyProblem } from './generic-key-check.ts';
import { compareGenericKeys } from './generic-order.ts';
import {
  CHAR_FLAG,
  CRS_BYTES,
  crsCode,
  crsDimensions,
  familyOf,
  familyOfScalar,
  isArraySlot,
  isKnownSlotType,
  packCrs,
  readCrs,
  type SlotFamily,
  slotTypeOf,
  TEXT_LENGTH_MASK,
} from './generic-slot.ts';
import type { IndexEntry, IndexKeyCodec } from './key-codec.ts';
import { isNumber, numberBytes, numberFromRawBits, numberTypeOf, rawBitsOf } from './number-order.ts';
import { findSystem, type PointCurves } from './point-curves.ts';
import { placeOnCurve } from './point-key.ts';
import { decodeTemporal, encodeTemporal, isTemporal, type TemporalType } from './temporal-fields.ts';

/**
 * All values of `native-btree-1.0`, one or more per key (spec trees-and-indexes 12.1, layout NSIL).
 *
 * | offset | type  | field                                                                              |
 * |--------|-------|------------------------------------------------------------------------------------|
 * | 0      | i64   | entity id                                                                          |
 * | 8      | slots | one per property of the index: u8 slot type, data                                  |
 *
 * | slot type       | data                                                                             |
 * |-----------------|----------------------------------------------------------------------------------|
 * | 0 point         | 3-byte CRS, i64 curve value, f64 per dimension                                   |
 * | 1 .. 6 temporal | see temporal-fields.ts                                                           |
 * | 7 text          | u16 length (bit 15 = was a char), UTF-8                                          |
 * | 8 boolean       | u8                                                                               |
 * | 9 number        | u8 number type, 1/2/4/8/4/8 bytes                                                |
 * | 10 .. 19 array  | [CRS of points or u8 number type], u16 count, elements without their own heads   |
 * | 17 chars        | as an array of texts, bit 15 of the count instead of bit 15 of each length       |
 */
export const genericLayout: TreeLayout = {
  name: 'NSIL',
  number: 0,
  majorVersion: 0,
  minorVersion: 5,
  // 3.5.0-beta03 writes the same keys; observed for numbers, texts, points and composites.
  olderMinorVersions: [4],
  keys: 'dynamic',
  keyBytes: 0,
  valueBytes: 0,
  compare: compareGenericKeys,
  findKeyProblem: findGenericKeyProblem,
};

const MAX_COUNT = 0x7fff;

export const genericKey: IndexKeyCodec = {
  layout: genericLayout,
  encode(entityId: number, values: readonly PropertyValue[], curves?: PointCurves): Uint8Array | undefined {
    const writer = new ByteWriter(64).i64(entityId);
    return values.every((value) => encodeSlot(writer, value, curves)) ? writer.view() : undefined;
  },
  decode(reader: ByteReader): IndexEntry {
    const entityId = reader.i64();
    const values: PropertyValue[] = [];
    while (reader.remaining > 0) values.push(decodeSlot(reader));
    return { entityId, values };
  },
};

const SLOT_AT = 8;
const TEXT_SLOT = slotTypeOf('text', false);
const BOOLEAN_SLOT = slotTypeOf('boolean', false);
const NUMBER_SLOT = slotTypeOf('number', false);

/** `encode` for one short string in property blocks, into `key`. Returns its length; -1 for texts that must be decoded. */
export function writeGenericText(key: Uint8Array, entityId: number, blocks: Uint8Array, offset: number): number {
  const at = SLOT_AT + 3;
  const end = readShortText(blocks, offset, key, at);
  writeI64(key, 0, entityId);
  key[SLOT_AT] = TEXT_SLOT;
  // A short string has at most 255 bytes.
  key[SLOT_AT + 1] = 0;
  key[SLOT_AT + 2] = end - at;
  return end;
}

export function writeGenericBoolean(key: Uint8Array, entityId: number, value: boolean): number {
  writeI64(key, 0, entityId);
  key[SLOT_AT] = BOOLEAN_SLOT;
  key[SLOT_AT + 1] = value ? 1 : 0;
  return SLOT_AT + 2;
}

/** `encode` for one number in property blocks. */
export function writeGenericNumber(
  key: Uint8Array,
  entityId: number,
  type: number,
  blocks: Uint8Array,
  offset: number,
): number {
  const at = SLOT_AT + 2;
  const width = numberBytes(type);
  writeI64(key, 0, entityId);
  key[SLOT_AT] = NUMBER_SLOT;
  key[SLOT_AT + 1] = type;
  writeRawBits(key, at, width, type, blocks, offset);
  return at + width;
}

function encodeSlot(writer: ByteWriter, value: PropertyValue, curves?: PointCurves): boolean {
  if (value.type !== 'array') {
    const family = familyOfScalar(value.type);
    writer.u8(slotTypeOf(family, false));
    if (isNumber(value)) writer.u8(numberTypeOf(value.type));
    if (value.type === 'point') return encodeCrs(writer, value) && encodePoint(writer, value, curves);
    return encodeElement(writer, value);
  }
  const count = value.elements.length;
  const first = value.elements[0];
  // The coordinate reference system of an empty array of points is unknown.
  if (count > MAX_COUNT || (value.of === 'point' && first === undefined)) return false;
  const family = familyOfScalar(value.of);
  writer.u8(slotTypeOf(family, true));
  if (isNumber({ type: value.of })) writer.u8(numberTypeOf(value.of as never));
  if (first?.type === 'point' && !encodeCrs(writer, first)) return false;
  writer.u16(value.of === 'char' ? count | CHAR_FLAG : count);
  return value.elements.every((element) =>
    element.type === 'point' ? encodePoint(writer, element, curves) : encodeElement(writer, element, false),
  );
}

type PointValue = Extract<ScalarValue, { type: 'point' }>;

function encodeCrs(writer: ByteWriter, { srid }: PointValue): boolean {
  const system = findSystem(srid);
  if (system === undefined) return false;
  const crs = packCrs(system.table, system.dimensions, srid);
  writer.u16(crs & 0xffff).u8(crs >>> 16);
  return true;
}

function encodePoint(writer: ByteWriter, point: PointValue, curves: PointCurves | undefined): boolean {
  const place = curves && placeOnCurve(point, curves);
  if (place === undefined) return false;
  writer.bigI64(place);
  for (const bits of point.coordinates) writer.bigI64(bits);
  return true;
}

function encodeElement(writer: ByteWriter, value: ScalarValue, flagChars = true): boolean {
  if (isTemporal(value)) return encodeTemporal(writer, value);
  if (isNumber(value)) {
    const bits = rawBitsOf(value);
    for (let shift = 8 * (numberBytes(numberTypeOf(value.type)) - 1); shift >= 0; shift -= 8) {
      writer.u8(Number((bits >> BigInt(shift)) & 0xffn));
    }
    return true;
  }
  switch (value.type) {
    case 'boolean':
      writer.u8(value.value ? 1 : 0);
      return true;
    case 'string':
      return encodeTextElement(writer, encodeUtf8(value.value), 0);
    case 'char':
      return encodeTextElement(writer, encodeUtf8(String.fromCharCode(value.value)), flagChars ? CHAR_FLAG : 0);
    default:
      return false;
  }
}

function encodeTextElement(writer: ByteWriter, text: Uint8Array, flag: number): boolean {
  if (text.length > TEXT_LENGTH_MASK) return false;
  writer.u16(text.length | flag).bytes(text);
  return true;
}

function decodeSlot(reader: ByteReader): PropertyValue {
  const slotType = reader.u8();
  if (!isKnownSlotType(slotType)) {
    throw new GraphkeepError('file.corrupt', 'unknown type of a value in an index', { observed: slotType });
  }
  const family = familyOf(slotType)!;
  const crs = family === 'point' ? readCrs(reader.buffer, reader.take(CRS_BYTES)) : 0;
  const numberType = family === 'number' ? reader.u8() : 0;
  if (!isArraySlot(slotType)) return decodeElement(reader, family, numberType, crs);
  const head = reader.u16();
  const areChars = family === 'text' && (head & CHAR_FLAG) !== 0;
  const elements: ScalarValue[] = [];
  for (let i = areChars ? head & TEXT_LENGTH_MASK : head; i > 0; i--) {
    elements.push(areChars ? decodeText(reader, true) : decodeElement(reader, family, numberType, crs));
  }
  return { type: 'array', of: areChars ? 'char' : arrayType(family, numberType), elements };
}

function decodeElement(reader: ByteReader, family: SlotFamily, numberType: number, crs: number): ScalarValue {
  switch (family) {
    case 'number':
      return numberFromRawBits(numberType, readNarrow(reader, numberBytes(numberType)));
    case 'boolean':
      return { type: 'boolean', value: reader.u8() !== 0 };
    case 'text':
      return decodeText(reader, false);
    case 'point': {
      reader.skip(8);
      const coordinates: bigint[] = [];
      for (let i = 0; i < crsDimensions(crs); i++) coordinates.push(BigInt.asUintN(64, reader.bigI64()));
      return { type: 'point', srid: crsCode(crs), coordinates };
    }
    default:
      return decodeTemporal(reader, family as TemporalType);
  }
}

function decodeText(reader: ByteReader, isChar: boolean): ScalarValue {
  const head = reader.u16();
  const text = reader.bytes(head & TEXT_LENGTH_MASK).toString('utf8');
  return isChar || (head & CHAR_FLAG) !== 0
    ? { type: 'char', value: text.charCodeAt(0) }
    : { type: 'string', value: text };
}

function readNarrow(reader: ByteReader, bytes: number): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(reader.u8());
  return BigInt.asIntN(8 * bytes, value);
}

function arrayType(family: SlotFamily, numberType: number): ScalarValue['type'] {
  if (family === 'number') return numberFromRawBits(numberType, 0n).type;
  return family === 'text' ? 'string' : family;
}
