import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { sha256Of } from '../../objects/whole-object.ts';
import { README_KEY, SETTINGS_KEY } from '../catalogue/object-keys.ts';
import { initRepository, openRepository } from './repository.ts';

const never = new AbortController().signal;
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

async function put(store: MemoryStore, key: string, text: string): Promise<void> {
  const body = Buffer.from(text);
  await store.create(key, body, sha256Of(body), {}, never);
}

const keysOf = async (store: MemoryStore) => {
  const keys: string[] = [];
  for await (const { key } of store.list('', undefined, never)) keys.push(key);
  return keys;
};

describe('a repository', () => {
  it('a repository that was made can be opened, and says how it is encrypted', async () => {
    const store = new MemoryStore();
    const encryption = { method: 'age' as const, recipients: [RECIPIENT] };
    const { settings } = await initRepository(store, encryption, never);
    expect(settings.encryption).toEqual(encryption);
    expect((await openRepository(store, never)).settings).toEqual(settings);
    expect(await keysOf(store)).toEqual([README_KEY, SETTINGS_KEY]);
  });

  it('a repository is not made twice, and not where something else is', async () => {
    const store = new MemoryStore();
    await initRepository(store, { method: 'none' }, never);
    await expect(initRepository(store, { method: 'none' }, never)).rejects.toMatchObject({ code: 'repository.exists' });
    const other = new MemoryStore();
    await put(other, 'holiday.jpg', 'x');
    await expect(initRepository(other, { method: 'none' }, never)).rejects.toMatchObject({
      code: 'repository.foreign',
      observed: 'holiday.jpg',
    });
    expect(await keysOf(other)).toEqual(['holiday.jpg']);
  });

  it('a repository for nobody, or for a key that is none, is not made', async () => {
    const store = new MemoryStore();
    for (const recipients of [[], ['AGE-SECRET-KEY-1'], ['age1nobody']]) {
      const made = initRepository(store, { method: 'age', recipients }, never);
      await expect(made).rejects.toMatchObject({ code: 'repository.recipient-invalid' });
    }
    expect(await keysOf(store)).toEqual([]);
  });

  it('a place without a repository, and one of a later release, are named', async () => {
    const store = new MemoryStore();
    await expect(openRepository(store, never)).rejects.toMatchObject({ code: 'repository.missing' });
    await put(store, SETTINGS_KEY, '{"format":"graphkeep-repository","version":2}');
    await expect(openRepository(store, never)).rejects.toMatchObject({ code: 'repository.newer-version' });
  });
});
