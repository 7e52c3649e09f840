import { GraphkeepError } from '../../../base/errors.ts';
import { compareI64, readI32 } from '../../tree/page/byte-order.ts';
import type { ScalarValue } from '../../values/property-value.ts';

/** Number types of index keys (spec trees-and-indexes 12), with the bytes of each. */
export const NUMBER_TYPES = ['byte', 'short', 'int', 'long', 'float', 'double'] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];
export type NumberValue = Extract<ScalarValue, { type: NumberType }>;

const LONG = 3;
const FLOAT = 4;
const NUMBER_BYTES = [1, 2, 4, 8, 4, 8];
const MAX_FLOAT = 0x7fff_ffff;
const FLOAT_INFINITY = 0x7f80_0000;
const FLOAT_NAN = 0x7fc0_0000;
const MAX_DOUBLE = 0x7fff_ffff_ffff_ffffn;
const DOUBLE_INFINITY = 0x7ff0_0000_0000_0000n;
const DOUBLE_NAN = 0x7ff8_0000_0000_0000n;
const TWO_POW_32 = 0x1_0000_0000;
const TWO_POW_63 = 2 ** 63;

export function isNumber(value: { type: string }): value is NumberValue {
  return (NUMBER_TYPES as readonly string[]).includes(value.type);
}

export function numberTypeOf(type: NumberType): number {
  return NUMBER_TYPES.indexOf(type);
}

/** Bytes of a number of this type in its narrow form; 0 for an unknown type. */
export function numberBytes(type: number): number {
  return NUMBER_BYTES[type] ?? 0;
}

/**
 * The bits of a number as a signed 64-bit integer: integers sign-extended, a float as a sign-extended 32-bit integer. An index stores every
 * NaN with the same bits.
 */
export function rawBitsOf(value: NumberValue): bigint {
  switch (value.type) {
    case 'long':
      return value.value;
    case 'float':
      return BigInt.asIntN(32, BigInt((value.bits & MAX_FLOAT) > FLOAT_INFINITY ? FLOAT_NAN : value.bits));
    case 'double':
      return BigInt.asIntN(64, (value.bits & MAX_DOUBLE) > DOUBLE_INFINITY ? DOUBLE_NAN : value.bits);
    default:
      return BigInt(value.value);
  }
}

/** Inverse of {@link rawBitsOf}. */
export function numberFromRawBits(type: number, raw: bigint): NumberValue {
  const name = NUMBER_TYPES[type];
  if (name === undefined) {
    throw new GraphkeepError('file.corrupt', 'unknown type of a number in an index', { observed: type });
  }
  switch (name) {
    case 'long':
      return { type: name, value: raw };
    case 'float':
      return { type: name, bits: Number(BigInt.asUintN(32, raw)) };
    case 'double':
      return { type: name, bits: BigInt.asUintN(64, raw) };
    default:
      return { type: name, value: Number(raw) };
  }
}

/**
 * Mathematical order of two numbers in their narrow form, exact across types. NaN sorts last, -0.0 before 0.0 and before the integer 0.
 * Equal numbers of different types compare as equal.
 */
export function compareNumbers(
  aType: number,
  a: Uint8Array,
  aAt: number,
  bType: number,
  b: Uint8Array,
  bAt: number,
): number {
  const aFloating = aType >= FLOAT;
  const bFloating = bType >= FLOAT;
  if (aFloating && bFloating) return compareDoubles(readFloating(aType, a, aAt), readFloating(bType, b, bAt));
  if (aFloating) return -compareIntegerWithDouble(bType, b, bAt, readFloating(aType, a, aAt));
  if (bFloating) return compareIntegerWithDouble(aType, a, aAt, readFloating(bType, b, bAt));
  if (aType === LONG && bType === LONG) return compareI64(a, aAt, b, bAt);
  const high = readHighHalf(aType, a, aAt) - readHighHalf(bType, b, bAt);
  return high !== 0 ? high : readLowHalf(aType, a, aAt) - readLowHalf(bType, b, bAt);
}

function compareDoubles(x: number, y: number): number {
  if (x < y) return -1;
  if (x > y) return 1;
  if (x === y) return x === 0 ? Number(Object.is(y, -0)) - Number(Object.is(x, -0)) : 0;
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
}

function compareIntegerWithDouble(type: number, bytes: Uint8Array, at: number, double: number): number {
  if (Number.isNaN(double) || double >= TWO_POW_63) return -1;
  if (double < -TWO_POW_63) return 1;
  const high = readHighHalf(type, bytes, at);
  const low = readLowHalf(type, bytes, at);
  // Rounding to a double keeps the order, so only apparent equality needs a second look.
  const rounded = high * TWO_POW_32 + low;
  if (rounded < double) return -1;
  if (rounded > double) return 1;
  if (double === 0) return Object.is(double, -0) ? 1 : 0;
  const doubleHigh = Math.floor(double / TWO_POW_32);
  return high !== doubleHigh ? high - doubleHigh : low - (double - doubleHigh * TWO_POW_32);
}

function readHighHalf(type: number, bytes: Uint8Array, at: number): number {
  if (type === LONG) return readI32(bytes, at);
  return readSmallInteger(type, bytes, at) < 0 ? -1 : 0;
}

function readLowHalf(type: number, bytes: Uint8Array, at: number): number {
  return type === LONG ? readI32(bytes, at + 4) >>> 0 : readSmallInteger(type, bytes, at) >>> 0;
}

function readSmallInteger(type: number, bytes: Uint8Array, at: number): number {
  if (type === 0) return (bytes[at]! << 24) >> 24;
  if (type === 1) return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
  return readI32(bytes, at);
}

const scratch = new DataView(new ArrayBuffer(8));

function readFloating(type: number, bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, readI32(bytes, at));
  if (type === FLOAT) return scratch.getFloat32(0);
  scratch.setInt32(4, readI32(bytes, at + 4));
  return scratch.getFloat64(0);
}
