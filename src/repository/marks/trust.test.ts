import { beforeEach, expect, it } from 'vitest';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import type { MarkName } from '../catalogue/mark-name.ts';
import type { TimelineHistory } from '../reading/database-history.ts';
import { keyOfMark, type MarkContent, writeMark } from './mark-store.ts';
import { readTrust } from './trust.ts';

const never = new AbortController().signal;
const BASES = ['20261129T020304Z-00000001', '20261129T020305Z-00000002', '20261129T020306Z-00000003'];
const PLACE = { database: 'graph.db', timeline: '20261129T020304Z-00000000' };

let objects: MemoryObjects;
let marks: MarkName[];
beforeEach(() => {
  objects = new MemoryObjects();
  marks = [];
});

async function say(base: number, content: MarkContent): Promise<MarkName> {
  const name = await writeMark(new MemoryStore(objects), { ...PLACE, id: BASES[base]! }, content, marks, never);
  marks.push(name);
  return name;
}

/** Reads what is said of a timeline that has these bases. */
async function trust(...present: number[]) {
  const bases = present.map((base) => ({ id: BASES[base]! }) as Manifest);
  const timeline = { id: PLACE.timeline, database: PLACE.database } as TimelineHistory['timeline'];
  const chain = { runs: [], unfinished: [], conflicts: [] };
  return await readTrust(
    new MemoryStore(objects),
    [{ timeline, bases, chain, logObjects: 0, logBytes: 0, marks }],
    never,
  );
}

const looked = (faults: number, extent: 'names' | 'part' | 'read' = 'names') =>
  ({ kind: 'verified', extent, faults, neededKey: false }) as const;

it('nothing is known of bases that nobody has spoken of', async () => {
  expect(await trust(0, 1)).toEqual({ proof: undefined, verification: undefined, keyProvedAt: undefined, holds: [] });
});

it('the last look at each base that there is counts, and their faults are added up', async () => {
  await say(0, looked(5));
  await say(0, looked(2));
  await say(1, looked(1));
  await say(2, looked(9));
  const { verification } = await trust(0, 1);
  expect(verification).toMatchObject({ faults: 3, bases: 2, extent: 'names' });
});

it('a key counts whenever it was proved last, and a mark that is gone does not', async () => {
  const first = await say(0, { kind: 'key' });
  const proof = await say(1, { kind: 'proof', moment: 'latest', result: 'sound', neededKey: true });
  expect(await trust(0, 1)).toMatchObject({ keyProvedAt: expect.any(Date), proof: { result: 'sound' } });
  objects.byKey.delete(keyOfMark(PLACE, proof));
  expect((await trust(0, 1)).proof).toBeUndefined();
  marks = marks.filter((mark) => mark !== first);
  expect((await trust(0, 1)).keyProvedAt).toBeUndefined();
});

it('bases are held that there are and that nobody has released, with the last reason', async () => {
  await say(0, { kind: 'hold', reason: 'one' });
  await say(0, { kind: 'hold', reason: 'two' });
  await say(1, { kind: 'hold' });
  await say(1, { kind: 'release' });
  const gone = await say(2, { kind: 'hold', reason: 'gone' });
  expect((await trust(0, 1)).holds).toMatchObject([{ base: BASES[0], reason: 'two' }]);
  // A base is held also if nobody can read why.
  objects.byKey.delete(keyOfMark(PLACE, gone));
  expect((await trust(2)).holds).toMatchObject([{ base: BASES[2], reason: undefined }]);
});
