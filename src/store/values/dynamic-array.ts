import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { arrayOf, decodeNumberArray, elementBits, encodeNumberArray, isNumberType } from './number-array.ts';
import { checkGeometry, coordinateSystem, GEOMETRY_POINT } from './point-value.ts';
import type { ArrayValue, ScalarValue } from './property-value.ts';
import { encodeUtf8 } from './short-string.ts';
import {
  isTemporal,
  type TemporalType,
  temporalFromLongs,
  temporalLongs,
  temporalToLongs,
  temporalTypeByNumber,
  temporalTypeNumber,
} from './temporal-value.ts';

/**
 * An array in dynamic records (spec record-stores 8.3). The first byte of the chain gives the form:
 *
 *     1-8  numbers: see number-array.ts
 *     9    strings: u8 9, u32 count, then u32 length and UTF-8 of each
 *     13   points: u8 13, u8 geometry (1), u8 dimension, u8 table, u16 SRID, then a double array of all coordinates
 *     14   times: u8 14, u8 temporal type, then a long array, see temporal-value.ts
 */
export const STRINGS = 9;
export const POINTS = 13;
export const TIMES = 14;
const CARTESIAN = 7203;

export function encodeDynamicArray(value: ArrayValue): Uint8Array {
  const { of, elements } = value;
  if (isNumberType(of)) return encodeNumberArray(of, elements.map(elementBits));
  if (of === 'string') return encodeStrings(elements);
  if (of === 'point') return encodePoints(elements);
  return encodeTimes(of, elements);
}

/** Throws {@link OutOfBytes} or `store.corrupt` if the bytes are not an array. */
export function decodeDynamicArray(bytes: Uint8Array): ArrayValue {
  switch (bytes[0]) {
    case STRINGS:
      return decodeStrings(bytes);
    case POINTS:
      return decodePoints(bytes);
    case TIMES:
      return decodeTimes(bytes);
    default: {
      const { type, elements } = decodeNumberArray(bytes);
      return arrayOf(type, elements);
    }
  }
}

function mixedElements(of: string): GraphkeepError {
  return new GraphkeepError('internal', 'an array has elements of another type', { observed: of });
}

function encodeStrings(elements: readonly ScalarValue[]): Uint8Array {
  const out = new ByteWriter().u8(STRINGS).i32(elements.length);
  for (const element of elements) {
    if (element.type !== 'string') throw mixedElements('string');
    const bytes = encodeUtf8(element.value);
    out.i32(bytes.length).bytes(bytes);
  }
  return out.toBuffer();
}

function decodeStrings(bytes: Uint8Array): ArrayValue {
  const reader = new ByteReader(asBuffer(bytes), 1);
  const count = reader.u32();
  const elements: ScalarValue[] = [];
  for (let i = 0; i < count; i++) elements.push({ type: 'string', value: reader.bytes(reader.u32()).toString('utf8') });
  return arrayOf('string', elements);
}

function encodePoints(elements: readonly ScalarValue[]): Uint8Array {
  const first = elements[0];
  const system = coordinateSystem(first?.type === 'point' ? first.srid : CARTESIAN);
  const coordinates: bigint[] = [];
  for (const element of elements) {
    if (element.type !== 'point' || element.srid !== system.srid) throw mixedElements('point');
    for (const bits of element.coordinates) coordinates.push(elementBits({ type: 'double', bits }));
  }
  const out = new ByteWriter().u8(POINTS).u8(GEOMETRY_POINT).u8(system.dimension).u8(system.table).u16(system.srid);
  return out.bytes(encodeNumberArray('double', coordinates)).toBuffer();
}

function decodePoints(bytes: Uint8Array): ArrayValue {
  const reader = new ByteReader(asBuffer(bytes), 1);
  const geometry = reader.u8();
  const dimension = reader.u8();
  const { srid } = checkGeometry(geometry, dimension, reader.u8(), reader.u16());
  const { elements } = decodeNumberArray(bytes.subarray(reader.position));
  const points: ScalarValue[] = [];
  for (let at = 0; at + dimension <= elements.length; at += dimension) {
    const coordinates = elements.slice(at, at + dimension).map((element) => elementBits(element));
    points.push({ type: 'point', srid, coordinates });
  }
  return arrayOf('point', points);
}

function encodeTimes(of: TemporalType, elements: readonly ScalarValue[]): Uint8Array {
  const longs: bigint[] = [];
  for (const element of elements) {
    if (!isTemporal(element) || element.type !== of) throw mixedElements(of);
    for (const long of temporalToLongs(element)) longs.push(BigInt.asUintN(64, long));
  }
  return new ByteWriter().u8(TIMES).u8(temporalTypeNumber(of)).bytes(encodeNumberArray('long', longs)).toBuffer();
}

function decodeTimes(bytes: Uint8Array): ArrayValue {
  const type = temporalTypeByNumber(bytes[1] ?? 0);
  const longs = decodeNumberArray(bytes.subarray(2)).elements.map((element) => (element as { value: bigint }).value);
  const width = temporalLongs(type);
  const values: ScalarValue[] = [];
  for (let at = 0; at + width <= longs.length; at += width) values.push(temporalFromLongs(type, longs, at));
  return arrayOf(type, values);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
