import { expect, it } from 'vitest';
import { freeMemory } from './freed-memory.ts';

it('memory that is given back is gone, if the engine can do that, and a pool is left alone', () => {
  const canFree = 'transfer' in ArrayBuffer.prototype;
  for (const bytes of [1, 1000, 1 << 16, 1 << 20]) {
    const own = new Uint8Array(bytes);
    freeMemory(own);
    expect(own.length).toBe(canFree ? 0 : bytes);
  }
  const part = new Uint8Array(new ArrayBuffer(1 << 20), 0, 1000);
  freeMemory(part);
  expect(part.length).toBe(canFree ? 0 : 1000);
  for (const bytes of [1, 100, Buffer.poolSize >>> 2, (Buffer.poolSize >>> 1) - 1]) {
    const pooled = [Buffer.allocUnsafe(bytes).fill('a'), Buffer.allocUnsafe(1).fill('b')];
    for (const each of pooled) if (each.buffer.byteLength >= Buffer.poolSize) freeMemory(each);
    expect(pooled.map((each) => each.length)).toEqual([bytes, 1]);
  }
  const shared = new Uint8Array(new SharedArrayBuffer(10));
  freeMemory(shared);
  expect(shared.length).toBe(10);
});
