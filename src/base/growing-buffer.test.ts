import { expect, it } from 'vitest';
import { allocateFirst, growBuffer } from './growing-buffer.ts';

it('a buffer grows to twice its size, or to what is needed, but not beyond its limit, and keeps what is in it', () => {
  const first = Buffer.from('abcd');
  expect(growBuffer(first, 2, 4, 100)).toBe(first);
  const doubled = growBuffer(first, 3, 5, 100);
  expect([doubled.length, doubled.toString('latin1', 0, 3)]).toEqual([8, 'abc']);
  expect(growBuffer(doubled, 3, 50, 100).length).toBe(50);
  const full = growBuffer(growBuffer(doubled, 3, 60, 100), 3, 61, 100);
  expect([full.length, full.toString('latin1', 0, 3)]).toEqual([100, 'abc']);
  expect(() => growBuffer(full, 3, 101, 100)).toThrow('101 bytes are more than a buffer of 100 bytes holds');
});

it('a first buffer is small, and never larger than its limit', () => {
  expect(allocateFirst(4 << 20).length).toBe(16 * 1024);
  expect(allocateFirst(10).length).toBe(10);
});
