import { OutOfBytes } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { BitReader, BitWriter } from './bit-stream.ts';
import type { ArrayValue, ScalarValue } from './property-value.ts';

/** Arrays of numbers and booleans: element types and their packing (spec record-stores 8.2 and 8.3). */
export type NumberType = 'boolean' | 'byte' | 'short' | 'char' | 'int' | 'long' | 'float' | 'double';

const types: readonly NumberType[] = ['boolean', 'byte', 'short', 'char', 'int', 'long', 'float', 'double'];
const widths: Record<NumberType, number> = {
  boolean: 1,
  byte: 8,
  short: 16,
  char: 16,
  int: 32,
  long: 64,
  float: 32,
  double: 64,
};

const FLOAT_NAN = 0x7fc0_0000n;
const DOUBLE_NAN = 0x7ff8_0000_0000_0000n;

export function isNumberType(type: string): type is NumberType {
  return type in widths;
}

export function numberTypeNumber(type: NumberType): number {
  return types.indexOf(type) + 1;
}

export function numberTypeByNumber(number: number): NumberType {
  const type = types[number - 1];
  if (type === undefined)
    throw new GraphkeepError('store.corrupt', 'unknown element type of an array', { observed: number });
  return type;
}

/** The bits of an element, unsigned, in the width of its type. NaN is canonical in arrays. */
export function elementBits(value: ScalarValue): bigint {
  switch (value.type) {
    case 'boolean':
      return value.value ? 1n : 0n;
    case 'byte':
    case 'short':
    case 'char':
    case 'int':
      return BigInt.asUintN(widths[value.type], BigInt(value.value));
    case 'long':
      return BigInt.asUintN(64, value.value);
    case 'float': {
      const bits = BigInt(value.bits);
      return (bits & 0x7fff_ffffn) > 0x7f80_0000n ? FLOAT_NAN : bits;
    }
    case 'double':
      return (value.bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n ? DOUBLE_NAN : value.bits;
    default:
      throw new GraphkeepError('internal', 'not an element of a number array', { observed: value.type });
  }
}

/** Bits needed for every element: position of the highest one bit, at least 1; 0 for an empty array. */
export function bitsPerElement(elements: readonly bigint[]): number {
  if (elements.length === 0) return 0;
  let all = 1n;
  for (const element of elements) all |= element;
  return all.toString(2).length;
}

/** An element from its bits. Signed types get their sign back, because negative numbers are stored in full width. */
export function elementFromBits(type: NumberType, bits: bigint): ScalarValue {
  switch (type) {
    case 'boolean':
      return { type, value: bits !== 0n };
    case 'byte':
    case 'short':
    case 'int':
      return { type, value: Number(BigInt.asIntN(widths[type], bits)) };
    case 'char':
      return { type, value: Number(bits) };
    case 'long':
      return { type, value: BigInt.asIntN(64, bits) };
    case 'float':
      return { type, bits: Number(bits) };
    case 'double':
      return { type, bits };
  }
}

export function readElements(reader: BitReader, type: NumberType, bits: number, count: number): ScalarValue[] {
  const elements: ScalarValue[] = [];
  for (let i = 0; i < count; i++) elements.push(elementFromBits(type, reader.readBig(bits)));
  return elements;
}

const DYNAMIC_HEADER = 3;

/**
 * Number array in dynamic records:
 *
 *     off size
 *       0    1  element type 1-8
 *       1    1  bits used in the last byte, 1-8
 *       2    1  bits per element, 0 = empty
 *       3    n  bit stream
 *
 * Floating point values and bytes are never compacted.
 */
export function encodeNumberArray(type: NumberType, elements: readonly bigint[]): Uint8Array {
  const whole = type === 'float' || type === 'double' || type === 'byte';
  const bits = whole ? widths[type] : bitsPerElement(elements);
  const total = elements.length * bits;
  const bytes = new Uint8Array(DYNAMIC_HEADER + Math.ceil(total / 8));
  bytes[0] = numberTypeNumber(type);
  bytes[1] = total % 8 || 8;
  bytes[2] = bits;
  const writer = new BitWriter(bytes, DYNAMIC_HEADER * 8);
  for (const element of elements) writer.writeBig(element, bits);
  return bytes;
}

export function decodeNumberArray(bytes: Uint8Array): { type: NumberType; elements: ScalarValue[] } {
  if (bytes.length < DYNAMIC_HEADER) throw new OutOfBytes('an array value is shorter than its header');
  const type = numberTypeByNumber(bytes[0]!);
  const bits = bytes[2]!;
  if (bits === 0) return { type, elements: [] };
  if (bits > 64) throw new GraphkeepError('store.corrupt', 'too many bits per array element', { observed: bits });
  const total = (bytes.length - DYNAMIC_HEADER) * 8 - (8 - bytes[1]!);
  const count = Math.max(0, Math.floor(total / bits));
  return { type, elements: readElements(new BitReader(bytes, DYNAMIC_HEADER * 8), type, bits, count) };
}

export function arrayOf(of: ArrayValue['of'], elements: ScalarValue[]): ArrayValue {
  return { type: 'array', of, elements };
}
