import { expect, it } from 'vitest';
import { sha256Of } from '../../../src/objects/whole-object.ts';
import { describeObjectStore } from '../conformance/object-store.ts';
import { MemoryObjects, MemoryStore } from './memory-store.ts';

const never = new AbortController().signal;

describeObjectStore('a store in memory', async () => {
  const objects = new MemoryObjects();
  return { open: async () => new MemoryStore(objects), close: async () => {} };
});

it('a store in memory compares the hash, and protects objects', async () => {
  const store = new MemoryStore();
  const body = Buffer.from('x');
  const wrong = store.create('a', body, sha256Of(Buffer.from('y')), {}, never);
  await expect(wrong).rejects.toMatchObject({ code: 'object.damaged' });
  const lock = { until: new Date(Date.now() + 3_600_000), mode: 'compliance' as const };
  await store.create('a', body, sha256Of(body), { lock }, never);
  const [result] = await store.remove(['a'], never);
  expect(result).toMatchObject({ key: 'a', removed: false, error: { code: 'object.denied' } });
});
