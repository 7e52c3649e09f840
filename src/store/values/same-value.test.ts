import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryValue } from '../../../test/support/random/arbitrary-values.ts';
import { isSameValue } from './same-value.ts';

test('isSameValue agrees with a structural comparison', () => {
  fc.assert(
    fc.property(arbitraryValue, arbitraryValue, (a, b) => {
      expect(isSameValue(a, structuredClone(a))).toBe(true);
      expect(isSameValue(a, b)).toBe(isDeepStrictEqual(a, b));
    }),
  );
});

test('nothing is the same as no value', () => {
  expect(isSameValue(undefined, undefined)).toBe(true);
  expect(isSameValue({ type: 'long', value: 1n }, undefined)).toBe(false);
  expect(isSameValue({ type: 'long', value: 1n }, { type: 'int', value: 1 })).toBe(false);
});
