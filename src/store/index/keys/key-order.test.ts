import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { bitsOfDouble, doubleOfBits, floatOfBits } from '../../../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../../values/property-value.ts';
import { genericKey } from './generic-key.ts';
import { compareGenericKeys } from './generic-order.ts';
import { numberKey, numberLayout } from './number-key.ts';

const longValue = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: 2n ** 63n - 1030n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -3n, max: 3n }),
);
const doubleBits = fc.oneof(
  fc.double().map(bitsOfDouble),
  longValue.map((value) => bitsOfDouble(Number(value))),
  fc.constantFrom(...[-0, 0, Infinity, -Infinity, NaN, 2 ** 63, -(2 ** 63), 2 ** 53].map(bitsOfDouble)),
);
const numberValue: fc.Arbitrary<ScalarValue> = fc.oneof(
  longValue.map((value) => ({ type: 'long' as const, value })),
  doubleBits.map((bits) => ({ type: 'double' as const, bits })),
  fc.nat({ max: 0xffffffff }).map((bits) => ({ type: 'float' as const, bits })),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte' as const, value })),
  fc.integer({ min: -32768, max: 32767 }).map((value) => ({ type: 'short' as const, value })),
  fc.integer().map((value) => ({ type: 'int' as const, value })),
);

/** Exact order by fractions: a finite double is an integer times a power of two. */
function compareExactly(a: ScalarValue, b: ScalarValue): number {
  const [x, y] = [toNumberOrBig(a), toNumberOrBig(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  if (x < y) return -1;
  if (x > y) return 1;
  return Number(Object.is(y, -0)) - Number(Object.is(x, -0));
}

/** JavaScript compares bigint with number exactly. */
function toNumberOrBig(value: ScalarValue): number | bigint {
  if (value.type === 'double') return doubleOfBits(value.bits);
  if (value.type === 'float') return floatOfBits(value.bits);
  return BigInt((value as { value: number | bigint }).value);
}

const scalar: fc.Arbitrary<ScalarValue> = fc.oneof(
  numberValue,
  fc.string({ maxLength: 5 }).map((value) => ({ type: 'string' as const, value })),
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.bigInt({ min: -5n, max: 5n }).map((epochDay) => ({ type: 'date' as const, epochDay })),
);
const value: fc.Arbitrary<PropertyValue> = fc.oneof(
  scalar,
  fc.array(fc.string({ maxLength: 2 }), { maxLength: 3 }).map((list) => ({
    type: 'array' as const,
    of: 'string' as const,
    elements: list.map((text) => ({ type: 'string' as const, value: text })),
  })),
  fc.array(longValue, { maxLength: 3 }).map((list) => ({
    type: 'array' as const,
    of: 'long' as const,
    elements: list.map((long) => ({ type: 'long' as const, value: long })),
  })),
);

describe('order of index keys', () => {
  it('the order of index keys of numbers is the mathematical one across types, in both layouts', () => {
    fc.assert(
      fc.property(numberValue, numberValue, (x, y) => {
        const expected = Math.sign(compareExactly(x, y));
        const [a, b] = [numberKey.encode(1, [x])!, numberKey.encode(1, [y])!];
        expect(Math.sign(numberLayout.compare(a, 0, a.length, b, 0, b.length))).toBe(expected);
        const [c, d] = [genericKey.encode(1, [x])!, genericKey.encode(1, [y])!];
        expect(Math.sign(compareGenericKeys(c, 0, c.length, d, 0, d.length))).toBe(expected);
      }),
      { numRuns: campaign.rounds(2000) },
    );
  });

  it('the order of index keys of all values is total: antisymmetric and transitive', () => {
    const key = fc.tuple(fc.nat({ max: 2 }), fc.array(value, { minLength: 2, maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(key, { minLength: 3, maxLength: 8 }), (entries) => {
        const keys = entries.map(([id, values]) => genericKey.encode(id, values)!);
        const compare = (a: Uint8Array, b: Uint8Array) => compareGenericKeys(a, 0, a.length, b, 0, b.length);
        keys.sort(compare);
        keys.forEach((a, i) => {
          keys.forEach((b, j) => {
            if (i < j) expect(compare(a, b)).toBeLessThanOrEqual(0);
            expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
          });
        });
      }),
      { numRuns: campaign.rounds(500) },
    );
  });

  it('order of index keys puts a separator that ends early before the keys it was cut from, and never reads outside', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 2 }), fc.nat(), (values, cut) => {
        const key = genericKey.encode(7, values)!;
        const length = 8 + (cut % (key.length - 7));
        const guarded = new Uint8Array(length + 16).fill(0xff);
        guarded.set(key.subarray(0, length));
        guarded.fill(0xff, 0, 8);
        const order = compareGenericKeys(guarded, 0, length, key, 0, key.length);
        expect(order).toBeLessThan(0);
        const alone = Uint8Array.from(guarded.subarray(0, length));
        expect(compareGenericKeys(alone, 0, length, key, 0, key.length)).toBe(order);
      }),
      { numRuns: campaign.rounds(500) },
    );
  });
});
