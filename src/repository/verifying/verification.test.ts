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
import { makeFullBackup } from '../../backup/full-backup.ts';
import { RepositoryTarget } from '../../backup/target/repository/repository-target.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { CommonSource } from '../../source/backup-protocol/common-source.ts';
import { initRepository } from '../opening/repository.ts';
import { StoredObjects } from '../reading/stored-objects.ts';
import { EVERY_OBJECT, ObjectShare } from './object-share.ts';
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

async function verify(objects: MemoryObjects, reads: boolean | ObjectShare) {
  const unsealing = { codec: await loadFrameCodec(), identities: reads ? identities : undefined };
  const stored = new StoredObjects(new MemoryStore(objects), unsealing, never);
  const faults: string[] = [];
  const onFault = ({ code }: { code: string }) => void faults.push(code);
  const verdicts: number[] = [];
  const seen = await verifyDatabase(stored, {
    database: 'graph.db',
    reads: reads === true ? EVERY_OBJECT : reads || undefined,
    signal: never,
    onObject: () => {},
    onFault,
    onVerdict: async ({ faults: count }) => void verdicts.push(count),
  });
  return { ...seen, faults, verdicts };
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

it('each base has a verdict, with the faults of its own objects and of the log after it', async () => {
  const server = await BackupServer.start(history, 13);
  const two = whole.copy();
  const target = await RepositoryTarget.open(new MemoryStore(two), 'graph.db', never);
  target.renew();
  const source = new CommonSource({ address: server.address, timeoutMs: 20_000 });
  await makeFullBackup(source, target, () => {}, never);
  await source.close();
  await target.close();
  await server.stop();
  expect((await verify(two, false)).verdicts).toEqual([0, 0]);
  const ids = [...new Set([...two.byKey.keys()].flatMap((key) => /\/base\/([^/]+)\//.exec(key)?.[1] ?? []))].sort();
  const verdictsWithout = async (pattern: RegExp) => {
    const harmed = two.copy();
    harmed.byKey.delete([...two.byKey.keys()].sort().find((key) => pattern.test(key))!);
    return (await verify(harmed, false)).verdicts;
  };
  expect(await verdictsWithout(new RegExp(`${ids[0]}/data/`))).toEqual([1, 0]);
  expect(await verdictsWithout(new RegExp(`${ids[1]}/data/`))).toEqual([0, 1]);
  expect(await verdictsWithout(new RegExp(`${ids[1]}/index`))).toEqual([0, 1]);
  const [segment] = [...two.byKey.keys()].filter((key) => /^db\/[^/]+\/[^/]+\/log\//.test(key)).sort();
  two.put(segment!, two.byKey.get(segment!)!.bytes.subarray(1));
  expect((await verify(two, true)).verdicts).toEqual([1, 0]);
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

it('a byte that was changed is found on the day when its object is read', async () => {
  const days = Array.from({ length: 4 }, (_, n) => new ObjectShare(25, new Date(n * 86_400_000)));
  for (const key of keys(/\/(data|log)\//)) {
    const damaged = whole.copy();
    const bytes = Buffer.from(whole.byKey.get(key)!.bytes);
    bytes[bytes.length - 1]! ^= 1;
    damaged.put(key, bytes);
    const found: boolean[] = [];
    for (const share of days) found.push((await verify(damaged, share)).faults.length > 0);
    // The small files are read every day.
    const isBundle = found.every((isFound) => isFound);
    expect(isBundle || found.filter((isFound) => isFound).length === 1, key).toBe(true);
    expect(isBundle && key.includes('/log/'), key).toBe(false);
    if (!isBundle) expect(found.indexOf(true), key).toBe(days.findIndex((share) => share.includes(key)));
  }
});
