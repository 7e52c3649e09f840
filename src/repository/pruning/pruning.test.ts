import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { generateHistory } from '../../../test/support/history/generated-history.ts';
import { answer, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { backUpInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { writeMark } from '../marks/mark-store.ts';
import { initRepository } from '../opening/repository.ts';
import { readDatabase, readHistory, type TimelineHistory } from '../reading/database-history.ts';
import { StoredObjects } from '../reading/stored-objects.ts';
import { EVERY_OBJECT } from '../verifying/object-share.ts';
import { verifyDatabase } from '../verifying/verification.ts';
import { planPrune } from './prune-plan.ts';
import { findAbandoned, type Pruned, prune } from './pruning.ts';

const never = new AbortController().signal;
const DAY_MS = 86_400_000;

let scratch: string;
let full: MemoryObjects;
/** Of the three timelines, each with one base. */
let timelines: string[];

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  const history = await generateHistory(join(scratch, 'source'), { nodes: 40, transactions: 12 });
  full = new MemoryObjects();
  const store = new MemoryStore(full);
  await initRepository(store, { method: 'none' }, never);
  const server = await BackupServer.start(history, 5);
  for (const newest of [5, 8, 13]) {
    server.newest = newest;
    await backUpInto(store, server, 'full');
  }
  await server.stop();
  timelines = (await readHistory(store, 'graph.db', never)).map(({ timeline }) => timeline.id);
});
afterAll(() => removeDirectory(scratch));

async function pruneOnce(store: ObjectStore): Promise<Pruned> {
  const { histories, unfinished } = await readDatabase(store, 'graph.db', never);
  const abandoned = await findAbandoned(store, unfinished, never);
  return await prune(store, 'graph.db', planPrune(histories, { keepLast: 1, minimumBases: 2 }), abandoned, never);
}

const keysOf = (objects: MemoryObjects, timeline: string) =>
  [...objects.byKey.keys()].filter((key) => key.includes(`/${timeline}/`));

async function faultsOf(objects: MemoryObjects): Promise<number> {
  let count = 0;
  const stored = new StoredObjects(
    new MemoryStore(objects),
    { codec: await loadFrameCodec(), identities: 'none' },
    never,
  );
  const onFault = () => void count++;
  await verifyDatabase(stored, {
    database: 'graph.db',
    reads: EVERY_OBJECT,
    signal: never,
    onObject: () => {},
    onFault,
  });
  return count;
}

it('what no rule keeps is removed with all its objects, and nothing else', async () => {
  const objects = full.copy();
  const before = objects.byKey.size;
  const goes = keysOf(objects, timelines[0]!);
  expect(await pruneOnce(new MemoryStore(objects))).toEqual({ objects: goes.length, refused: 0, held: [] });
  expect(objects.byKey.size).toBe(before - goes.length);
  expect(keysOf(objects, timelines[0]!)).toEqual([]);
  expect(await faultsOf(objects)).toBe(0);
  expect(await pruneOnce(new MemoryStore(objects))).toEqual({ objects: 0, refused: 0, held: [] });
});

it('a base that is held stays until it is released, and takes its marks with it', async () => {
  const objects = full.copy();
  const store = new MemoryStore(objects);
  const [{ bases, marks }] = (await readHistory(store, 'graph.db', never)) as [TimelineHistory];
  expect(marks).toEqual([]);
  await writeMark(store, bases[0]!, { kind: 'hold', reason: 'audit' }, marks, never);
  expect(await pruneOnce(store)).toEqual({ objects: 0, refused: 0, held: [] });
  const held = (await readHistory(store, 'graph.db', never))[0]!;
  expect(held.marks).toMatchObject([{ base: bases[0]!.id, kind: 'hold' }]);
  await writeMark(store, bases[0]!, { kind: 'release' }, held.marks, never);
  await pruneOnce(store);
  expect(keysOf(objects, timelines[0]!)).toEqual([]);
});

it('a base that is held after the plan was made stays, with its timeline', async () => {
  const objects = full.copy();
  const store = new MemoryStore(objects);
  const { histories } = await readDatabase(store, 'graph.db', never);
  const plan = planPrune(histories, { keepLast: 1, minimumBases: 2 });
  await writeMark(store, histories[0]!.bases[0]!, { kind: 'hold' }, [], never);
  const { held } = await prune(store, 'graph.db', plan, [], never);
  expect(held).toEqual([histories[0]!.bases[0]!.id]);
  expect((await readHistory(store, 'graph.db', never))[0]!.bases).toHaveLength(1);
  expect(await faultsOf(objects)).toBe(0);
});

it('a removal that fails at any call leaves what is kept whole, and goes on the next time', async () => {
  const counting = new FaultyStore(new MemoryStore(full.copy()));
  await pruneOnce(counting);
  for (let number = 0; number < counting.calls.length; number++) {
    const objects = full.copy();
    const script = (call: { number: number }) => (call.number === number ? faults.before(answer(403)) : undefined);
    await expect(pruneOnce(new FaultyStore(new MemoryStore(objects), script))).rejects.toMatchObject({
      code: 'object.denied',
    });
    expect(await faultsOf(objects)).toBe(0);
    await pruneOnce(new MemoryStore(objects));
    // A base whose manifest went first counts as unfinished, and has its time.
    for (const object of objects.byKey.values()) object.modified = new Date(Date.now() - 8 * DAY_MS);
    await pruneOnce(new MemoryStore(objects));
    expect(keysOf(objects, timelines[0]!).filter((key) => key.includes('/base/'))).toEqual([]);
    expect(await faultsOf(objects)).toBe(0);
  }
});

it('a base that was never finished is removed after seven days, not before', async () => {
  const objects = full.copy();
  const key = `db/graph.db/${timelines[2]}/base/20260101T000000Z-00000000/data/0/0000000000000000.0123456789abcdef.zst`;
  const part = objects.put(key, Buffer.from('x'));
  part.modified = new Date(Date.now() - 6 * DAY_MS);
  await pruneOnce(new MemoryStore(objects));
  expect(objects.byKey.has(key)).toBe(true);
  part.modified = new Date(Date.now() - 8 * DAY_MS);
  await pruneOnce(new MemoryStore(objects));
  expect(objects.byKey.has(key)).toBe(false);
});
