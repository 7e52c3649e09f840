import { expect, test } from 'vitest';
import { STANDARD_FORMAT } from '../../store/files/store-format.ts';
import { FreeIds } from './free-ids.ts';

const nothingTaken = () => false;

test('new ids follow each other, from 1 in stores with a header; the reserved one is left out', () => {
  const ids = new FreeIds(STANDARD_FORMAT, nothingTaken);
  expect([ids.take('node'), ids.take('node'), ids.take('schema')]).toEqual([0, 1, 1]);
  ids.restore('property', 0xffff_fffd, undefined);
  expect([ids.take('property'), ids.take('property')]).toEqual([0xffff_fffe, 0x1_0000_0000]);
});

test('free ids come first, including unused ones from the id file', () => {
  const ids = new FreeIds(STANDARD_FORMAT, (_key, id) => id === 4);
  ids.restore('node', 8, { clean: true, highId: 12, free: [2, 4, 7, 99] });
  expect([ids.take('node'), ids.take('node'), ids.take('node')]).toEqual([7, 2, 12]);
  ids.free('node', [5]);
  expect(ids.describe('node')).toEqual({ clean: true, highId: 13, free: [5] });
});

test('ids end where the format ends', () => {
  const ids = new FreeIds(STANDARD_FORMAT, nothingTaken);
  ids.restore('relationshipType', 0xfffd, undefined);
  expect(ids.take('relationshipType')).toBe(0xfffe);
  expect(() => ids.take('relationshipType')).toThrow(expect.objectContaining({ code: 'embedded.full' }));
});
