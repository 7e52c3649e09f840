import fc from 'fast-check';
import { bitsOfDouble } from '../../../src/base/floating-bits.ts';
import type { ArrayValue, PropertyValue, ScalarType, ScalarValue } from '../../../src/store/values/property-value.ts';
import { anyText } from './any-text.ts';

/** Arbitrary property values that a server could have stored, including edge values. */

const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const within = (limit: bigint) => fc.bigInt({ min: -limit, max: limit });
const edgeLong = fc.constantFrom(0n, 1n, -1n, 2n ** 35n - 1n, 2n ** 35n, 2n ** 31n, -(2n ** 63n), 2n ** 63n - 1n);
const long = fc.oneof(fc.bigInt({ min: -100n, max: 100n }), edgeLong, i64);
const doubleBits = fc.oneof(
  fc.constantFrom(0n, 2n ** 63n, 0x7ff0_0000_0000_0000n, 0x3ff0_0000_0000_0000n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const integer = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const nano = fc.integer({ min: 0, max: 999_999_999 });
const nanoOfDay = fc.bigInt({ min: 0n, max: 86_399_999_999_999n });
const offsetSeconds = fc.integer({ min: -64_800, max: 64_800 });
const epochSecond = fc.bigInt({ min: -31_556_889_000_000_000n, max: 31_556_889_000_000_000n });

const wellFormed = anyText(70);
const string = fc.oneof(
  wellFormed,
  fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'abcdefXYZ _.-:/+,@|;*?&%#()$<>='), maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'äöüßÄÖÜabcABC.-'), maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'abcdef0123456789'), maxLength: 60 }),
  fc.integer({ min: 0, max: 500 }).map((length) => 'é'.repeat(length)),
);

const srids: Record<number, { dimension: number; limit: number }> = {
  7203: { dimension: 2, limit: Number.MAX_VALUE },
  9157: { dimension: 3, limit: Number.MAX_VALUE },
  4326: { dimension: 2, limit: 90 },
  4979: { dimension: 3, limit: 90 },
};
/** Servers refuse coordinates that are not finite, or not a place on earth. */
const point = (srid: number): fc.Arbitrary<ScalarValue> => {
  const { dimension, limit } = srids[srid]!;
  const coordinate = fc.double({ min: -limit, max: limit, noNaN: true }).map(bitsOfDouble);
  return fc
    .array(coordinate, { minLength: dimension, maxLength: dimension })
    .map((coordinates) => ({ type: 'point', srid, coordinates }));
};

const srid = fc.constantFrom(...Object.keys(srids).map(Number));

/** In arrays the server stores every NaN alike. */
function canonicalNaN(bits: bigint): bigint {
  return (bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n ? 0x7ff8_0000_0000_0000n : bits;
}

function canonicalFloatNaN(bits: number): number {
  return (bits & 0x7fff_ffff) > 0x7f80_0000 ? 0x7fc0_0000 : bits;
}

const scalars: { [T in Exclude<ScalarType, 'point'>]: fc.Arbitrary<ScalarValue> } = {
  boolean: fc.boolean().map((value) => ({ type: 'boolean', value })),
  byte: integer(8).map((value) => ({ type: 'byte', value })),
  short: integer(16).map((value) => ({ type: 'short', value })),
  int: integer(32).map((value) => ({ type: 'int', value })),
  char: fc.integer({ min: 0, max: 0xffff }).map((value) => ({ type: 'char', value })),
  long: long.map((value) => ({ type: 'long', value })),
  float: fc.integer({ min: 0, max: 0xffff_ffff }).map((bits) => ({ type: 'float', bits: canonicalFloatNaN(bits) })),
  double: doubleBits.map((bits) => ({ type: 'double', bits: canonicalNaN(bits) })),
  string: string.map((value) => ({ type: 'string', value })),
  date: fc.bigInt({ min: -365_243_219_162n, max: 365_241_780_471n }).map((epochDay) => ({ type: 'date', epochDay })),
  localtime: nanoOfDay.map((value) => ({ type: 'localtime', nanoOfDay: value })),
  time: fc.record({ type: fc.constant('time' as const), localNanoOfDay: nanoOfDay, offsetSeconds }),
  localdatetime: fc.record({ type: fc.constant('localdatetime' as const), epochSecond, nanoOfSecond: nano }),
  datetime: fc.oneof(
    fc.record({ type: fc.constant('datetime' as const), epochSecond, nanoOfSecond: nano, offsetSeconds }),
    fc.record({
      type: fc.constant('datetime' as const),
      epochSecond,
      nanoOfSecond: nano,
      zone: fc.integer({ min: 0, max: 599 }), // 3.4 knows no more
    }),
  ),
  // Together within 64 bits of seconds, or the server refuses the value.
  duration: fc.record({
    type: fc.constant('duration' as const),
    months: within(10n ** 11n),
    days: within(10n ** 12n),
    seconds: within(10n ** 17n),
    nanos: nano,
  }),
};

const arbitraryScalar: fc.Arbitrary<ScalarValue> = fc.oneof(...Object.values(scalars), srid.chain(point));

const arrayOf = (of: ScalarType, element: fc.Arbitrary<ScalarValue>): fc.Arbitrary<ArrayValue> =>
  fc.oneof(
    fc.array(element, { maxLength: 8 }).map((elements) => ({ type: 'array' as const, of, elements })),
    fc.array(element, { maxLength: 100 }).map((elements) => ({ type: 'array' as const, of, elements })),
  );

const arbitraryArray: fc.Arbitrary<ArrayValue> = fc.oneof(
  ...Object.entries(scalars).map(([of, element]) => arrayOf(of as ScalarType, element)),
  srid.chain((one) => arrayOf('point', point(one))),
);

export const arbitraryValue: fc.Arbitrary<PropertyValue> = fc.oneof(arbitraryScalar, arbitraryArray);
