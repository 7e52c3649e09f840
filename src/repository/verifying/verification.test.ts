import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../../test/support/history/generated-history.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../../test/support/random/dice.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { backUpInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { initRepository } from '../opening/repository.ts';
import { StoredObjects } from '../reading/stored-objects.ts';
import { verifyDatabase } from './verification.ts';

const never = new AbortController().signal;
const identities = new Decrypter();

let scratch: string;
let history: GeneratedHistory;
let whole: MemoryObjects;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 40, transactions: 12 });
  const identity = await generateX25519Identity();
  identities.addIdentity(identity);
  whole = new MemoryObjects();
  const store = new MemoryStore(whole);
  await initRepository(store, { method: 'age', recipients: [await identityToRecipient(identity)] }, never);
  const server = await BackupServer.start(history, 5);
  for (const newest of [5, 8, 13]) {
    server.newest = newest;
    await backUpInto(store, server, newest === 5 ? 'full' : 'incremental');
  }
  await server.stop();
});
afterAll(() => removeDirectory(scratch));

async function verify(objects: MemoryObjects, reads: boolean) {
  const unsealing = { codec: await loadFrameCodec(), identities: reads ? identities : undefined };
  const stored = new StoredObjects(new MemoryStore(objects), unsealing, never);
  const faults: string[] = [];
  const onFault = ({ code }: { code: string }) => void faults.push(code);
  const seen = await verifyDatabase(stored, {
    database: 'graph.db',
    reads,
    signal: never,
    onObject: () => {},
    onFault,
  });
  return { ...seen, faults };
}

const keys = (pattern: RegExp) => [...whole.byKey.keys()].filter((key) => pattern.test(key));

it('a repository that is whole has no fault, with a key or without', async () => {
  const { faults, bases, objects } = await verify(whole, false);
  expect([faults, bases, objects]).toEqual([[], 1, keys(/\/(data|log)\//).length]);
  expect(await verify(whole, true)).toMatchObject({ faults: [], bases, objects });
});

it('an object that is missing, or has another size, is found without a key', async () => {
  for (const key of keys(/\/(data|base\/[^/]+\/log)\//)) {
    const missing = whole.copy();
    missing.byKey.delete(key);
    expect((await verify(missing, false)).faults, key).toEqual(['object.missing']);
    const cut = whole.copy();
    cut.put(key, whole.byKey.get(key)!.bytes.subarray(1));
    if (key.includes('/data/')) expect((await verify(cut, false)).faults, key).toEqual(['repository.object-damaged']);
  }
});

it('a gap in the log is found, and so is an index that was changed', async () => {
  const [first] = keys(/^db\/[^/]+\/[^/]+\/log\//).sort();
  const gap = whole.copy();
  gap.byKey.delete(first!);
  expect((await verify(gap, false)).faults).toEqual(['repository.object-damaged']);
  const changed = whole.copy();
  const [index] = keys(/index\.tsv\.zst$/);
  changed.put(index!, Buffer.concat([whole.byKey.get(index!)!.bytes, Buffer.of(0)]));
  expect((await verify(changed, false)).faults).toEqual(['repository.object-overlong']);
});

it('a byte that was changed in any object is found by reading', async () => {
  const dice = new Dice(nextSeed());
  for (const key of keys(/\/(data|log)\//)) {
    for (let round = 0; round < campaign.rounds(20, 2); round++) {
      const damaged = whole.copy();
      const bytes = Buffer.from(whole.byKey.get(key)!.bytes);
      const at = dice.below(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << dice.below(8));
      damaged.put(key, bytes);
      expect((await verify(damaged, false)).faults).toEqual([]);
      expect((await verify(damaged, true)).faults, `${key}, byte ${at}`).toEqual(['repository.object-damaged']);
    }
  }
});
