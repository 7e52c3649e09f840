import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { answer, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { RunLock } from './run-lock.ts';

const never = new AbortController().signal;
const KEY = 'lease/graph.db.json';

/** A lease that some run has left. */
function leaseOf(store: MemoryStore, host: string, pid: number, ageMs = 0): void {
  const lease = { owner: 'somebody', host, pid, operation: 'backup', renewed: 3 };
  store.objects.put(KEY, Buffer.from(JSON.stringify(lease))).modified = new Date(Date.now() - ageMs);
}

const take = (store: MemoryStore | FaultyStore) => RunLock.take(store, 'graph.db', never);

describe('a lease', () => {
  it('a lease is held by one run, and is gone with it', async () => {
    const store = new MemoryStore();
    const lock = await take(store);
    await expect(take(store)).rejects.toMatchObject({
      code: 'repository.in-use',
      observed: `backup by process ${process.pid} of ${hostname()}`,
    });
    await lock!.release();
    expect(store.objects.byKey.size).toBe(0);
    await (await take(store))!.release();
  });

  it.each([
    ['of a run on this machine that was killed', hostname(), 2 ** 22 + 1, 0],
    ['of an earlier process with the number of this one, as in a container', hostname(), process.pid, 0],
    ['of another machine that nobody has renewed for long', 'elsewhere', 7, 181_000],
  ])('a lease %s is taken over', async (_whose, host, pid, ageMs) => {
    const store = new MemoryStore();
    leaseOf(store, host, pid, ageMs);
    await (await take(store))!.release();
    expect(store.objects.byKey.size).toBe(0);
  });

  it('a lease of another machine that was renewed is respected', async () => {
    const store = new MemoryStore();
    leaseOf(store, 'elsewhere', 7, 100_000);
    await expect(take(store)).rejects.toMatchObject({
      code: 'repository.in-use',
      observed: 'backup by process 7 of elsewhere',
    });
  });

  it('a lease that is no lease is replaced', async () => {
    const store = new MemoryStore();
    store.objects.put(KEY, Buffer.from('{"owner":'));
    await (await take(store))!.release();
  });

  it('a lease that another run has taken over is left to it', async () => {
    const store = new MemoryStore();
    const lock = await take(store);
    leaseOf(store, 'elsewhere', 7);
    await lock!.release();
    expect(store.objects.byKey.size).toBe(1);
  });

  it('a lease is not needed where nobody may write one', async () => {
    const store = new FaultyStore(new MemoryStore(), ({ operation }) =>
      operation === 'replace' ? faults.before(answer(403)) : undefined,
    );
    expect(await take(store)).toBeUndefined();
  });
});
