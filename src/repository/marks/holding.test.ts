import { expect, it } from 'vitest';
import { FaultyStore } from '../../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { holdBase } from './holding.ts';

const never = new AbortController().signal;
const base = { database: 'graph.db', timeline: '20261129T020304Z-00000001', id: '20261129T020304Z-5f3a9c1e' };
const manifest = `db/graph.db/${base.timeline}/base/${base.id}/manifest.json`;

it('a base that is removed while it is held counts as removed', async () => {
  const objects = new MemoryObjects();
  objects.put(manifest, Buffer.from('{}'));
  const store = new FaultyStore(new MemoryStore(objects));
  await holdBase(store, base, 'audit', [], never);
  expect(objects.byKey.size).toBe(2);
  store.script = ({ operation }) => {
    if (operation === 'create') objects.byKey.delete(manifest);
    return undefined;
  };
  await expect(holdBase(store, base, undefined, [], never)).rejects.toMatchObject({ code: 'repository.no-backup' });
});
