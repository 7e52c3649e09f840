import { expect, it } from 'vitest';
import { answer, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { readClock } from './store-clock.ts';

const never = new AbortController().signal;
const own = new Date('2001-01-01T00:00:00Z');

it('ages are known also where nothing can be written', async () => {
  const store = new FaultyStore(new MemoryStore());
  const clock = () => readClock(store, () => own, never);
  expect(Math.abs((await clock()).getTime() - Date.now())).toBeLessThan(60_000);
  for (const code of [403, 'ENOSPC'] as const) {
    store.script = () => faults.before(answer(code));
    expect(await clock()).toEqual(own);
  }
  store.script = () => faults.before(answer(503));
  await expect(clock()).rejects.toMatchObject({ code: 'object.unavailable' });
});
