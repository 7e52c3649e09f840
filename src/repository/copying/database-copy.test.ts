import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import {
  forkHistory,
  type GeneratedHistory,
  generateHistory,
  readSimpleGraph,
} from '../../../test/support/history/generated-history.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../../test/support/random/dice.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { backUpInto, copyInto, findFaults, restoreInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { FolderStore } from '../../objects/folder/folder-store.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import type { Encryption } from '../catalogue/json-fields.ts';
import { RunLock } from '../lease/run-lock.ts';
import { initRepository } from '../opening/repository.ts';
import { readHistory } from '../reading/database-history.ts';
import type { Unsealing } from '../seal/unseal/unsealing.ts';

/** A base, segments up to the place where the server takes another way, and a timeline that begins there. */
const FIRST = 5;
const SECOND = 8;
const FORK = 11;
const NEWEST = 14;

interface Side {
  readonly encryption: Encryption;
  readonly identities: Unsealing['identities'] & {};
}

const never = new AbortController().signal;
const none: Side = { encryption: { method: 'none' }, identities: 'none' };
let mine: Side;
let theirs: Side;
let scratch: string;
let history: GeneratedHistory;
let forked: GeneratedHistory;
/** The first timeline, encrypted for us and not at all. */
let ours: MemoryObjects;
let plain: MemoryObjects;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 26_000, transactions: NEWEST - 1 });
  forked = forkHistory(history, FORK, nextSeed());
  mine = await makeSide();
  theirs = await makeSide();
  ours = await empty(mine);
  await fill(new MemoryStore(ours));
  plain = await empty(none);
  await fill(new MemoryStore(plain));
});
afterAll(() => removeDirectory(scratch));

async function makeSide(): Promise<Side> {
  const identity = await generateX25519Identity();
  const identities = new Decrypter();
  identities.addIdentity(identity);
  return { encryption: { method: 'age', recipients: [await identityToRecipient(identity)] }, identities };
}

async function empty({ encryption }: Side): Promise<MemoryObjects> {
  const objects = new MemoryObjects();
  await initRepository(new MemoryStore(objects), encryption, never);
  return objects;
}

/** The first timeline. */
async function fill(store: ObjectStore): Promise<void> {
  const server = await BackupServer.start(history, FIRST);
  try {
    for (const newest of [FIRST, SECOND, FORK]) {
      server.newest = newest;
      await backUpInto(store, server, newest === FIRST ? 'full' : 'incremental');
    }
  } finally {
    await server.stop();
  }
}

/** The second one, of a server that was restored and went another way. */
async function fork(store: ObjectStore): Promise<void> {
  const server = await BackupServer.start(forked, FORK + 1);
  try {
    await backUpInto(store, server, 'full');
    server.newest = NEWEST;
    await backUpInto(store, server, 'incremental');
  } finally {
    await server.stop();
  }
}

async function expectMoment(store: ObjectStore, transaction: number, { identities }: Side): Promise<void> {
  const folder = join(await mkdtemp(join(scratch, 'restored-')), 'store');
  await restoreInto(folder, store, { kind: 'transaction', transaction }, identities);
  expect(readSimpleGraph(folder)).toEqual((transaction > FORK ? forked : history).graphAt(transaction));
  await removeDirectory(folder);
}

/** Everything below `db/`. */
const contentOf = ({ byKey }: MemoryObjects) =>
  new Map([...byKey].filter(([key]) => key.startsWith('db/')).map(([key, { bytes }]) => [key, bytes] as const));

describe('a copy of a repository', () => {
  const pairs: [string, () => Side, () => Side][] = [
    ['the same recipients', () => mine, () => mine],
    ['other recipients', () => mine, () => theirs],
    ['no recipients any more', () => mine, () => none],
    ['recipients for the first time', () => none, () => theirs],
    ['no recipients, as before', () => none, () => none],
  ];

  it.each(pairs)('restores every moment of the original, with %s, and sends nothing twice', async (_, from, to) => {
    const [objects, copied] = [(from() === none ? plain : ours).copy(), await empty(to())];
    const [source, target] = [new MemoryStore(objects), new MemoryStore(copied)];
    const before = copied.byKey.get('graphkeep-repository.json');
    const first = await copyInto(source, target, from().identities);
    expect(first).toMatchObject({ databases: ['graph.db'], bases: 1, knownBases: 0, segments: 2, faults: [] });
    expect(first.objects).toBe(contentOf(copied).size);
    for (const transaction of [FIRST + 1, FORK]) await expectMoment(target, transaction, to());
    expect(await copyInto(source, target, from().identities)).toMatchObject({ objects: 0, bytes: 0, knownBases: 1 });
    await fork(source);
    const later = await copyInto(source, target, from().identities);
    expect(later).toMatchObject({ bases: 1, knownBases: 1, segments: 1, faults: [] });
    expect(first.objects + later.objects).toBe(contentOf(copied).size);
    for (const transaction of [FIRST, FORK, NEWEST]) await expectMoment(target, transaction, to());
    expect(await findFaults(target, to().identities)).toEqual([]);
    expect(copied.byKey.get('graphkeep-repository.json')).toBe(before);
    expect([...copied.byKey.keys()].filter((key) => key.startsWith('lease/'))).toEqual([]);
    const isSame = from() === to();
    expect(later.isSealedAnew).toBe(!isSame);
    if (isSame) expect(contentOf(copied)).toEqual(contentOf(objects));
  });

  it('has the manifests of its own repository, which tell where it comes from', async () => {
    const [objects, copied] = [ours, await empty(theirs)];
    await copyInto(new MemoryStore(objects), new MemoryStore(copied), mine.identities);
    const settings = JSON.parse(objects.byKey.get('graphkeep-repository.json')!.bytes.toString()) as { id: string };
    const [original] = (await readHistory(new MemoryStore(objects), 'graph.db', never))[0]!.bases;
    const [base] = (await readHistory(new MemoryStore(copied), 'graph.db', never))[0]!.bases;
    expect(base).toMatchObject({ encryption: theirs.encryption, copiedFrom: { repository: settings.id } });
    const { storedBytes: _, index: __, log: ___, encryption: ____, ...same } = original!;
    expect(base).toMatchObject(same);
    const sizes = [...contentOf(copied)].filter(([key]) => /\/base\//.test(key) && !key.endsWith('manifest.json'));
    expect(base!.storedBytes).toBe(sizes.reduce((sum, [, bytes]) => sum + bytes.length, 0));
  });

  it('needs the key of the original only if something is to be sealed anew', async () => {
    const [objects, copied, other] = [ours, await empty(mine), await empty(theirs)];
    const copy = (to: MemoryObjects) => copyInto(new MemoryStore(objects), new MemoryStore(to), undefined);
    await expect(copy(copied)).resolves.toMatchObject({ bases: 1 });
    await expect(copy(other)).rejects.toMatchObject({ code: 'repository.key-missing' });
    await expect(copyInto(new MemoryStore(objects), new MemoryStore(other), theirs.identities)).rejects.toMatchObject({
      code: 'repository.key-wrong',
    });
    expect(contentOf(other).size).toBe(0);
  });

  it('keeps away from a database on which another run works', async () => {
    const [objects, copied] = [ours, await empty(mine)];
    const lock = await RunLock.take(new MemoryStore(copied), 'graph.db', never);
    const copy = () => copyInto(new MemoryStore(objects), new MemoryStore(copied), undefined);
    await expect(copy()).rejects.toMatchObject({ code: 'repository.in-use' });
    await lock!.release();
    await expect(copy()).resolves.toMatchObject({ bases: 1 });
  });

  it('goes from one folder into another', async () => {
    const [source, target] = await Promise.all(
      ['from', 'to'].map((name) => FolderStore.open(join(scratch, name), { create: true })),
    );
    await initRepository(source!, mine.encryption, never);
    await initRepository(target!, none.encryption, never);
    await fill(source!);
    await copyInto(source!, target!, mine.identities);
    await expectMoment(target!, FORK, none);
    expect(await copyInto(source!, target!, mine.identities)).toMatchObject({ objects: 0 });
  });
});

describe('a copy of a damaged repository', () => {
  it('tells of each damaged object, completes no base with one, and copies the rest', async () => {
    const dice = new Dice(nextSeed());
    const objects = ours.copy();
    await fork(new MemoryStore(objects));
    const keys = [...contentOf(objects).keys()].filter((key) => !key.endsWith('.json'));
    for (const to of [mine, none]) {
      for (const key of campaign.sample(keys, 3)) {
        const damaged = objects.copy();
        const bytes = Buffer.from(objects.byKey.get(key)!.bytes);
        const at = dice.below(bytes.length);
        bytes[at] = bytes[at]! ^ (1 << dice.below(8));
        if (dice.below(4) === 0) damaged.byKey.delete(key);
        else damaged.put(key, bytes);
        const copied = await empty(to);
        const isSegment = !key.includes('/base/');
        const isGone = isSegment && !damaged.byKey.has(key);
        const made = await copyInto(new MemoryStore(damaged), new MemoryStore(copied), mine.identities);
        const expected = isGone ? [] : [expect.stringMatching(/^(repository\.object-damaged|object\.missing)$/)];
        expect(
          made.faults.map(({ code }) => code),
          `${key}, byte ${at}`,
        ).toEqual(expected);
        if (!isGone) expect(JSON.stringify(made.faults[0]!.place)).toContain(key);
        expect(made.bases, key).toBe(isSegment ? 2 : 1);
        // What is there is whole, but for the segment that is not.
        const faults = await findFaults(new MemoryStore(copied), to.identities);
        expect(faults.length, `${key}: ${faults}`).toBeLessThanOrEqual(isSegment ? 1 : 0);
        const again = await copyInto(new MemoryStore(objects), new MemoryStore(copied), mine.identities);
        expect(again.faults).toEqual([]);
        expect(await findFaults(new MemoryStore(copied), to.identities)).toEqual([]);
        for (const transaction of [FIRST, FORK, NEWEST]) await expectMoment(new MemoryStore(copied), transaction, to);
      }
    }
  });

  it('passes over a base whose manifest is damaged, and over a timeline without its first object', async () => {
    const objects = ours.copy();
    await fork(new MemoryStore(objects));
    for (const pattern of [/manifest\.json$/, /timeline\.json$/]) {
      const damaged = objects.copy();
      damaged.put([...objects.byKey.keys()].find((key) => pattern.test(key))!, Buffer.from('{}'));
      const copied = await empty(mine);
      const made = await copyInto(new MemoryStore(damaged), new MemoryStore(copied), undefined);
      expect(made.faults).toMatchObject([{ code: 'repository.object-damaged' }]);
      expect(made.bases).toBe(1);
      await expectMoment(new MemoryStore(copied), NEWEST, mine);
    }
  });

  it('does not take another object in the target for its own', async () => {
    const [objects, copied] = [ours, await empty(mine)];
    const [part] = [...objects.byKey.keys()].filter((key) => key.includes('/data/'));
    copied.put(part!, Buffer.from('something else'));
    const made = await copyInto(new MemoryStore(objects), new MemoryStore(copied), undefined);
    expect(made).toMatchObject({ bases: 0, segments: 0, faults: [{ code: 'repository.object-damaged' }] });
    expect(await readHistory(new MemoryStore(copied), 'graph.db', never)).toEqual([]);
  });

  it('sends an object again that was damaged in a target with other recipients before its base was complete', async () => {
    const [objects, copied] = [ours, await empty(theirs)];
    await copyInto(new MemoryStore(objects), new MemoryStore(copied), mine.identities);
    const keys = [...copied.byKey.keys()];
    copied.byKey.delete(keys.find((key) => key.endsWith('manifest.json'))!);
    const [part] = keys.filter((key) => key.includes('/data/'));
    const whole = copied.byKey.get(part!)!.bytes;
    copied.put(part!, Buffer.concat([whole.subarray(1), whole.subarray(0, 1)]));
    const made = await copyInto(new MemoryStore(objects), new MemoryStore(copied), mine.identities);
    // The part, the index that names it, and the manifest.
    expect(made).toMatchObject({ bases: 1, objects: 3, faults: [] });
    expect(copied.byKey.has(part!)).toBe(false);
    await expectMoment(new MemoryStore(copied), FORK, theirs);
  });
});
