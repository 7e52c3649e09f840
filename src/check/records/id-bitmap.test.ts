import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdBitmap } from './id-bitmap.ts';
import { KeySet } from './key-set.ts';

const arbitraryId = fc.oneof(
  fc.nat({ max: 100 }),
  fc.nat({ max: 2 ** 22 }),
  fc.integer({ min: 2 ** 32 - 3, max: 2 ** 36 }),
);

test('a bitmap is a set of ids', () => {
  fc.assert(
    fc.property(fc.array(arbitraryId), fc.array(arbitraryId), (ids, others) => {
      const bitmap = new IdBitmap();
      const set = new Set<number>();
      for (const id of ids) {
        expect(bitmap.add(id)).toBe(!set.has(id));
        set.add(id);
      }
      const other = new IdBitmap();
      for (const id of others) other.add(id);
      expect(bitmap.size).toBe(set.size);
      for (const id of [...ids, ...others, -1, -7]) expect(bitmap.has(id)).toBe(set.has(id));
      const left = [...set].filter((id) => !others.includes(id)).sort((a, b) => a - b);
      expect([...bitmap.without(other)]).toEqual(left);
      expect(bitmap.intersects(other)).toBe(others.some((id) => set.has(id)));
    }),
  );
});

test('ids added during an iteration are left out', () => {
  const all = new IdBitmap();
  for (const id of [1, 40, 41, 5000]) all.add(id);
  const seen = new IdBitmap();
  const visited: number[] = [];
  for (const id of all.without(seen)) {
    visited.push(id);
    seen.add(5000);
  }
  expect(visited).toEqual([1, 40, 41]);
});

test('a key set knows its keys until it is cleared', () => {
  const keys = new KeySet();
  for (let round = 0; round < 3; round++) {
    keys.clear();
    for (let key = 0; key < 100; key++) expect(keys.add(key)).toBe(true);
    for (let key = 0; key < 100; key++) expect(keys.add(key)).toBe(false);
  }
});
