import { GraphkeepError } from '../base/errors.ts';
import { bitsOfDouble, doubleOfBits, floatOfBits } from '../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../store/values/property-value.ts';

type Plain = boolean | number | bigint | string | ScalarValue;

/** Property values from and to plain JavaScript, for the common types. Others are written as a {@link PropertyValue}. */
export const values = {
  boolean: (value: boolean): ScalarValue => ({ type: 'boolean', value }),
  string: (value: string): ScalarValue => ({ type: 'string', value }),
  /** What Cypher calls an integer. @throws GraphkeepError `usage` if it is none of 64 bits */
  long: (value: number | bigint): ScalarValue => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw notLong(value);
    const long = BigInt(value);
    if (BigInt.asIntN(64, long) !== long) throw notLong(value);
    return { type: 'long', value: long };
  },
  double: (value: number): ScalarValue => ({ type: 'double', bits: bitsOfDouble(value) }),
  /** All elements must be of one type. @throws GraphkeepError `usage` */
  array: (elements: readonly [ScalarValue, ...ScalarValue[]]): PropertyValue => {
    const [{ type }] = elements;
    const other = elements.find((element) => element.type !== type);
    if (other !== undefined) {
      throw new GraphkeepError('usage', 'the elements of an array must be of one type', {
        observed: `${type} and ${other.type}`,
      });
    }
    return { type: 'array', of: type, elements: [...elements] };
  },
  /** Booleans, numbers (64 bits as bigint), strings, and arrays of these; points and times as they are. */
  plain: (value: PropertyValue): Plain | Plain[] =>
    value.type === 'array' ? value.elements.map(plainScalar) : plainScalar(value),
} as const;

function notLong(value: number | bigint): GraphkeepError {
  return new GraphkeepError('usage', 'this is no integer of 64 bits, or a number that is not exact', {
    observed: String(value),
  });
}

function plainScalar(value: ScalarValue): Plain {
  switch (value.type) {
    case 'boolean':
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
    case 'string':
      return value.value;
    case 'char':
      return String.fromCharCode(value.value);
    case 'double':
      return doubleOfBits(value.bits);
    case 'float':
      return floatOfBits(value.bits);
    default:
      return value;
  }
}
