import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryValue } from '../../../test/support/random/arbitrary-values.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { decodeDynamicArray, encodeDynamicArray } from './dynamic-array.ts';
import { findArrayDamage } from './value-damage.ts';

test('no array that can be written is called damaged', () => {
  const kinds = new Set<number>();
  fc.assert(
    fc.property(arbitraryValue, (value) => {
      if (value.type !== 'array') return;
      const bytes = encodeDynamicArray(value);
      kinds.add(bytes[0]!);
      expect(findArrayDamage(bytes)).toBeUndefined();
    }),
    { numRuns: campaign.rounds(3000) },
  );
  expect([...kinds].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14]);
});

test('an array with another first byte is damaged, and cannot be decoded', () => {
  for (const kind of [0, 10, 11, 12, 15, 255]) {
    const bytes = Uint8Array.of(kind, 8, 8, 1, 2, 3);
    expect(findArrayDamage(bytes)).toBe(`array of element type ${kind}`);
    expect(() => decodeDynamicArray(bytes)).toThrow(expect.objectContaining({ code: 'store.corrupt' }));
  }
});
