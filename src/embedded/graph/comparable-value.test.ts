import { expect, test } from 'vitest';
import { bitsOfDouble, bitsOfFloat } from '../../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../../store/values/property-value.ts';
import { comparableText } from './comparable-value.ts';

const double = (value: number): ScalarValue => ({ type: 'double', bits: bitsOfDouble(value) });
const float = (value: number): ScalarValue => ({ type: 'float', bits: bitsOfFloat(value) });
const long = (value: bigint): ScalarValue => ({ type: 'long', value });
const text = (value: string): ScalarValue => ({ type: 'string', value });
const array = (of: ScalarValue['type'], ...elements: ScalarValue[]): PropertyValue => ({ type: 'array', of, elements });
const point = (x: number, y: number): ScalarValue => ({
  type: 'point',
  srid: 7203,
  coordinates: [x, y].map(bitsOfDouble),
});

/** Values in one row are equal to each other and to no value of another row. */
const rows: PropertyValue[][] = [
  [long(1n), double(1), float(1), { type: 'byte', value: 1 }],
  [long(0n), double(-0), double(0)],
  [double(0.5), float(0.5)],
  [double(0.1)],
  [float(0.1)],
  [long(2n ** 53n), double(2 ** 53)],
  [long(2n ** 53n + 1n)],
  [double(Number.POSITIVE_INFINITY), float(Number.POSITIVE_INFINITY)],
  [text('1')],
  [text('x'), { type: 'char', value: 120 }],
  [text('n1')],
  [{ type: 'boolean', value: true }],
  [text('true')],
  [array('long', long(1n), long(2n)), array('double', double(1), double(2))],
  [array('long', long(1n)), array('byte', { type: 'byte', value: 1 })],
  [array('string', text('a'), text('b')), array('char', { type: 'char', value: 97 }, { type: 'char', value: 98 })],
  [array('string', text('a,b'))],
  [array('string')],
  [array('long')],
  [point(1, 2)],
  [point(2, 1)],
  [point(0, 0), point(-0, 0)],
  [{ type: 'date', epochDay: 1n }],
  [{ type: 'localtime', nanoOfDay: 1n }],
  [{ type: 'time', localNanoOfDay: 1n, offsetSeconds: 0 }],
  [{ type: 'time', localNanoOfDay: 1n, offsetSeconds: 3600 }],
  [{ type: 'duration', months: 1n, days: 0n, seconds: 0n, nanos: 0 }],
];

test('values have the same text exactly if a server considers them equal', () => {
  const rowOfText = new Map<string, number>();
  rows.forEach((row, index) => {
    for (const value of row) {
      const found = comparableText(value)!;
      expect(rowOfText.get(found) ?? index, JSON.stringify(found)).toBe(index);
      rowOfText.set(found, index);
    }
    expect(new Set(row.map(comparableText)).size, `row ${index}`).toBe(1);
  });
});

test('what is not a number equals nothing', () => {
  expect(comparableText(double(Number.NaN))).toBeUndefined();
  expect(comparableText(array('double', double(Number.NaN)))).toBeUndefined();
});
