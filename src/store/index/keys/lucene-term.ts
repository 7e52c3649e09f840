import { doubleOfBits, floatOfBits } from '../../../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../../values/property-value.ts';
import { encodeUtf8 } from '../../values/short-string.ts';

/** A longer term is refused, whatever the provider; each value of a composite key is a separate term (spec trees-and-indexes 13). */
const LONGEST_TERM_BYTES = 32_766;

/**
 * True if a server would refuse to index this value in Lucene. A text is used as it is. An array becomes one letter, then the text of each
 * element with a separator after it. Exact for texts, booleans and short numbers, also in arrays; for other elements the longest form is
 * assumed.
 */
export function isTooLongForLucene(value: PropertyValue): boolean {
  return termBytes(value) > LONGEST_TERM_BYTES;
}

function termBytes(value: PropertyValue): number {
  if (value.type === 'string') return encodeUtf8(value.value).length;
  if (value.type !== 'array') return elementBytes(value);
  return value.elements.reduce((sum, element) => sum + elementBytes(element) + 1, 1);
}

const LONGEST_OFFSET = '+18:00:00'.length;
const LONGEST_TIME = '23:59:59.123456789'.length;
const LONGEST_ZONE = '[America/Argentina/ComodRivadavia]'.length;
const LONGEST_DURATION = 90;

function elementBytes(value: ScalarValue): number {
  switch (value.type) {
    case 'boolean':
      return value.value ? 4 : 5;
    case 'byte':
    case 'short':
    case 'int':
      return decimalBytes(value.value);
    case 'long':
      return decimalBytes(Number(value.value));
    case 'float':
      return decimalBytes(floatOfBits(value.bits));
    case 'double':
      return decimalBytes(doubleOfBits(value.bits));
    case 'char':
      return base64Bytes(encodeUtf8(String.fromCharCode(value.value)).length);
    case 'string':
      return base64Bytes(encodeUtf8(value.value).length);
    case 'point': {
      // Example: C:7203:1.0:2.0
      const coordinates = value.coordinates.map((bits) => decimalBytes(doubleOfBits(bits)) + 1);
      return coordinates.reduce((sum, bytes) => sum + bytes, 6);
    }
    case 'date':
      return dateBytes(Number(value.epochDay));
    case 'localtime':
      return LONGEST_TIME;
    case 'time':
      return LONGEST_TIME + LONGEST_OFFSET;
    case 'localdatetime':
      return dateTimeBytes(value.epochSecond);
    case 'datetime':
      return dateTimeBytes(value.epochSecond) + LONGEST_OFFSET + (value.zone === undefined ? 0 : LONGEST_ZONE);
    case 'duration':
      return LONGEST_DURATION;
  }
}

function base64Bytes(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Days of the years 0 to 9999. */
const FIRST_SHORT_DAY = -719_528;
const LAST_SHORT_DAY = 2_932_896;

function dateBytes(epochDay: number): number {
  const isShort = epochDay >= FIRST_SHORT_DAY && epochDay <= LAST_SHORT_DAY;
  return (isShort ? '2020-01-01' : '-999999999-01-01').length;
}

/** An offset can move the day, so the first and the last day count as long. */
function dateTimeBytes(epochSecond: bigint): number {
  const day = Number(epochSecond) / 86_400;
  const isShort = day >= FIRST_SHORT_DAY + 1 && day < LAST_SHORT_DAY;
  return dateBytes(isShort ? 0 : LAST_SHORT_DAY + 1) + 1 + LONGEST_TIME;
}

/** Up to this many digits, every Java release writes a number in the same way. */
const SURE_DIGITS = 15;
const LONGEST_DECIMAL = '-1.7976931348623157E-308'.length;

/** Length of a double in Java's notation: `1.0`, `0.001`, `1.2345678E7`. */
function decimalBytes(value: number): number {
  if (!Number.isFinite(value)) return '-Infinity'.length;
  if (value === 0) return '-0.0'.length - (Object.is(value, -0) ? 0 : 1);
  const [digits, exponentText] = Math.abs(value).toExponential().replace('.', '').split('e') as [string, string];
  const exponent = Number(exponentText);
  if (digits.length > SURE_DIGITS || Math.abs(exponent) > SURE_DIGITS) return LONGEST_DECIMAL;
  const sign = value < 0 ? 1 : 0;
  if (exponent < -3 || exponent >= 7) return sign + 1 + Math.max(2, digits.length) + `E${exponent}`.length;
  if (exponent < 0) return sign + 1 - exponent + digits.length;
  return sign + 1 + exponent + 1 + Math.max(1, digits.length - exponent - 1);
}
