import { expect, it } from 'vitest';
import { bitsOfDouble } from '../../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../values/property-value.ts';
import { isTooLongForIndex } from './index-key.ts';
import { findProvider } from './index-provider.ts';
import { PointCurves } from './keys/point-curves.ts';

const text = (value: string): ScalarValue => ({ type: 'string', value });
const long = (value: number): ScalarValue => ({ type: 'long', value: BigInt(value) });
const double = (value: number): ScalarValue => ({ type: 'double', bits: bitsOfDouble(value) });
const truth = (value: boolean): ScalarValue => ({ type: 'boolean', value });
const repeat = (element: ScalarValue, count: number): PropertyValue => ({
  type: 'array',
  of: element.type,
  elements: Array(count).fill(element),
});
const point = (srid: number, ...coordinates: number[]): ScalarValue => ({
  type: 'point',
  srid,
  coordinates: coordinates.map(bitsOfDouble),
});

type Maker = (size: number) => PropertyValue[];

const ascii: Maker = (n) => [text('x'.repeat(n))];
const twoBytes: Maker = (n) => [text('é'.repeat(n))];
const textInArray: Maker = (n) => [repeat(text('x'.repeat(n)), 1)];
const textPair: Maker = (n) => [text('x'.repeat(n)), text('x'.repeat(n))];
const textAndLong: Maker = (n) => [text('x'.repeat(n)), long(1)];
const arrayAndLong: Maker = (n) => [repeat(text('x'.repeat(n)), 1), long(1)];
const of =
  (element: ScalarValue): Maker =>
  (n) => [repeat(element, n)];

const GENERIC = { key: 'native-btree', version: '1.0' };
const NATIVE_TEXT = { key: 'lucene+native', version: '2.0' };
const LUCENE = { key: 'lucene', version: '1.0' };

function isTooLong(provider: { key: string; version: string }, values: PropertyValue[]): boolean {
  return isTooLongForIndex(findProvider(provider)!.folders(1), false, values, new PointCurves());
}

/** The largest sizes that a 3.5.34 server accepted into an index; it refused one more. */
it.each<[string, { key: string; version: string }, Maker, number]>([
  ['text', GENERIC, ascii, 4036],
  ['text of two bytes each', GENERIC, twoBytes, 2018],
  ['array of one text', GENERIC, textInArray, 4034],
  ['array of short texts', GENERIC, of(text('x')), 1345],
  ['array of longs', GENERIC, of(long(1)), 504],
  ['array of doubles', GENERIC, of(double(0.5)), 504],
  ['array of booleans', GENERIC, of(truth(true)), 4036],
  ['composite text and long', GENERIC, textAndLong, 4026],
  ['composite texts', GENERIC, textPair, 2016],
  ['composite array and long', GENERIC, arrayAndLong, 4024],
  ['text', NATIVE_TEXT, ascii, 4039],
  ['text of two bytes each', NATIVE_TEXT, twoBytes, 2019],
  ['array of one text', NATIVE_TEXT, textInArray, 24_573],
  ['composite texts', NATIVE_TEXT, textPair, 32_766],
  ['text', { key: 'lucene+native', version: '1.0' }, ascii, 32_766],
  ['text', LUCENE, ascii, 32_766],
  ['text of two bytes each', LUCENE, twoBytes, 16_383],
  ['array of one text', LUCENE, textInArray, 24_573],
  ['array of short texts', LUCENE, of(text('x')), 6553],
  ['array of texts of 4', LUCENE, of(text('xxxx')), 3640],
  ['array of é', LUCENE, of(text('é')), 6553],
  ['array of longs', LUCENE, of(long(1)), 8191],
  ['array of longs', LUCENE, of(long(-1)), 6553],
  ['array of longs', LUCENE, of(long(1_234_567)), 3276],
  ['array of longs', LUCENE, of(long(12_345_678)), 2730],
  ['array of longs', LUCENE, of(long(123_456_789)), 2520],
  ['array of doubles', LUCENE, of(double(0.5)), 8191],
  ['array of doubles', LUCENE, of(double(0.002)), 5460],
  ['array of doubles', LUCENE, of(double(0.0001)), 4680],
  ['array of doubles', LUCENE, of(double(123_456.789)), 2978],
  ['array of true', LUCENE, of(truth(true)), 6553],
  ['array of false', LUCENE, of(truth(false)), 5460],
  ['array of dates', LUCENE, of({ type: 'date', epochDay: 18_262n }), 2978],
  ['array of points', LUCENE, of(point(7203, 1, 2)), 2184],
  ['array of points', LUCENE, of(point(9157, 1.5, 2, 123_456_789)), 1170],
  ['array of points', LUCENE, of(point(4326, 12.25, 55)), 1820],
  ['composite text and long', LUCENE, textAndLong, 32_766],
  ['composite array and long', LUCENE, arrayAndLong, 24_573],
])('%s in %o has the limit of a server', (_name, provider, make, largest) => {
  expect([isTooLong(provider, make(largest)), isTooLong(provider, make(largest + 1))]).toEqual([false, true]);
});

/** Elements whose text can take many forms: refused no later than by a server. */
it.each<[ScalarValue, number]>([
  [{ type: 'localtime', nanoOfDay: 36_672_123_456_789n }, 1724],
  [{ type: 'time', localNanoOfDay: 36_672_500_000_000n, offsetSeconds: 7200 }, 1927],
  [{ type: 'localdatetime', epochSecond: 1_577_873_472n, nanoOfSecond: 0 }, 1638],
  [{ type: 'datetime', epochSecond: 1_577_873_472n, nanoOfSecond: 123_456_789, zone: 1 }, 606],
  [{ type: 'datetime', epochSecond: 1_577_873_472n, nanoOfSecond: 0, offsetSeconds: 3600 }, 1260],
  [{ type: 'duration', months: 14n, days: 3n, seconds: 14_706n, nanos: 700_000_000 }, 1927],
  [{ type: 'date', epochDay: -5_109_000n }, 2520],
  [double(1e23), 1560],
  [{ type: 'long', value: 9_223_372_036_854_775_807n }, 1560],
])('an array of %o in Lucene never exceeds what a server accepts', (element, largest) => {
  expect(isTooLong(LUCENE, [repeat(element, largest + 1)])).toBe(true);
  expect(isTooLong(LUCENE, [repeat(element, Math.floor(largest / 6))])).toBe(false);
});

it.each([
  ['text', ascii(40_000)],
  ['text in an array', textInArray(40_000)],
  ['array of bytes', of({ type: 'byte', value: 1 })(40_000)],
  ['array of points of an unknown system', of(point(1234, 1, 2))(40_000)],
  ['composite', [...ascii(5000), point(1234, 1, 2)]],
])('a value that does not fit the fields of a key is too long: %s', (_name, values) => {
  expect(isTooLong(GENERIC, values)).toBe(true);
});

it('a value that cannot be written, but is short, is not too long', () => {
  expect(isTooLong(GENERIC, [point(1234, 1, 2)])).toBe(false);
  expect(isTooLong(GENERIC, [{ type: 'array', of: 'point', elements: [] }])).toBe(false);
});
