import { doubleOfBits, floatOfBits } from '../../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../../store/values/property-value.ts';

/** Integers as such, whatever their type: 1 equals 1.0. */
function numberText(value: number): string {
  return Number.isInteger(value) ? `n${BigInt(value)}` : `n${value}`;
}

/**
 * A text that is equal exactly for values that a server considers equal in a lookup or a uniqueness constraint. Numbers are compared by
 * value, single characters as texts, everything else by type and content. NaN equals nothing: undefined.
 */
export function comparableText(value: PropertyValue): string | undefined {
  if (value.type !== 'array') return scalarText(value);
  const texts: string[] = [];
  for (const element of value.elements) {
    const text = scalarText(element);
    if (text === undefined) return undefined;
    texts.push(`${text.length}:${text}`);
  }
  return `a${arrayFamily(value.of)}[${texts.join()}]`;
}

/** Empty arrays of different kinds differ; arrays of numbers all count as one kind. */
function arrayFamily(type: ScalarValue['type']): string {
  if (['byte', 'short', 'int', 'long', 'float', 'double'].includes(type)) return 'number';
  return type === 'char' ? 'string' : type;
}

function scalarText(value: ScalarValue): string | undefined {
  switch (value.type) {
    case 'boolean':
      return `b${value.value}`;
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return `n${value.value}`;
    case 'float':
      return realText(floatOfBits(value.bits));
    case 'double':
      return realText(doubleOfBits(value.bits));
    case 'char':
      return `s${String.fromCharCode(value.value)}`;
    case 'string':
      return `s${value.value}`;
    case 'point':
      return `p${value.srid}(${value.coordinates.map(doubleOfBits).map((coordinate) => coordinate + 0)})`;
    default:
      return `${value.type}${Object.entries(value)
        .filter(([name]) => name !== 'type')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, field]) => String(field))}`;
  }
}

function realText(value: number): string | undefined {
  return Number.isNaN(value) ? undefined : numberText(value);
}
