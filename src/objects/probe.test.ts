import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { answer, FaultyStore, faults } from '../../test/support/objects/faulty-store.ts';
import { MemoryStore } from '../../test/support/objects/memory-store.ts';
import { GraphkeepError } from '../base/errors.ts';
import { FolderStore } from './folder/folder-store.ts';
import { probeStore } from './probe.ts';
import { RetryingStore } from './retrying-store.ts';

const never = new AbortController().signal;
const all = {
  conditionalCreate: true,
  conditionalReplace: true,
  serverSideCopy: true,
  startAfter: true,
  storedChecksum: true,
};
const unsupported = new GraphkeepError('object.unsupported', 'not here');

describe('the probe', () => {
  it('a store that can do everything is found to, and nothing is left in it', async () => {
    const store = new MemoryStore();
    expect(await probeStore(store, never)).toMatchObject(all);
    expect(store.objects.byKey.size).toBe(0);
  });

  it('a folder can do what folders can', async () => {
    const scratch = await makeTemporaryDirectory();
    const store = await FolderStore.open(scratch);
    const found = await probeStore(store, never);
    expect(found).toMatchObject({ ...all, conditionalReplace: false, storedChecksum: false });
    for await (const { key } of store.list('', undefined, never)) expect.fail(key);
    await removeDirectory(scratch);
  });

  it('a store that claims conditions and ignores them is found out', async () => {
    const store = new MemoryStore();
    store.create = async (key, body) => void store.objects.put(key, body);
    store.replace = async (key, body) => store.objects.put(key, body).etag;
    expect(await probeStore(store, never)).toMatchObject({
      ...all,
      conditionalCreate: false,
      conditionalReplace: false,
    });
    expect(store.capabilities).toMatchObject({ conditionalCreate: false, conditionalReplace: false });
    expect(store.objects.byKey.size).toBe(0);
  });

  it('a store that refuses and overwrites all the same has no conditions', async () => {
    const store = new MemoryStore();
    const create = store.create.bind(store);
    store.create = async (key, body, ...rest) => {
      const existed = store.objects.byKey.has(key);
      if (existed) store.objects.put(key, body);
      await create(key, body, ...rest);
    };
    expect(await probeStore(store, never)).toMatchObject({ conditionalCreate: false });
  });

  it('a store that does not know conditions, copies or hashes is used without', async () => {
    const memory = new MemoryStore();
    const { stat } = memory;
    memory.stat = async (...args) => {
      const info = await stat.apply(memory, args);
      delete info?.sha256;
      return info;
    };
    const store = new FaultyStore(memory, ({ operation }) => {
      const isConditional = operation === 'create' && memory.capabilities.conditionalCreate;
      return isConditional || ['copy', 'replace'].includes(operation) ? faults.before(unsupported) : undefined;
    });
    const none = { conditionalCreate: false, conditionalReplace: false, serverSideCopy: false, storedChecksum: false };
    expect(await probeStore(store, never)).toMatchObject({ ...none, startAfter: true });
    expect(memory.objects.byKey.size).toBe(0);
  });

  it('a store that loses answers is probed under retries', async () => {
    const memory = new MemoryStore();
    let turn = 0;
    const faulty = new FaultyStore(memory, () => (turn++ % 2 === 0 ? faults.lostAnswer : undefined));
    expect(await probeStore(new RetryingStore(faulty), never)).toMatchObject(all);
    expect(memory.objects.byKey.size).toBe(0);
  });

  it('a store that does not even let us write is an error', async () => {
    const store = new FaultyStore(new MemoryStore(), () => faults.before(answer(403)));
    await expect(probeStore(store, never)).rejects.toMatchObject({ code: 'object.denied' });
  });

  it('a store that returns something else than was written is an error', async () => {
    const store = new MemoryStore();
    store.read = async (_key, _range, receive) => {
      const object = { size: 4, etag: 'x' };
      await receive(Buffer.from('text'), object);
      return object;
    };
    await expect(probeStore(store, never)).rejects.toMatchObject({ code: 'object.damaged' });
  });
});
