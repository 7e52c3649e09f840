import { beforeEach, describe, expect, it } from 'vitest';
import { answer, type Fault, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { PretendedTime } from '../../../test/support/objects/pretended-time.ts';
import { version } from '../../base/own-version.ts';
import { Retries } from '../../objects/retry.ts';
import { RetryingStore } from '../../objects/retrying-store.ts';
import { findHolds, formatMarkName, type MarkName } from '../catalogue/mark-name.ts';
import { readNewestMark, tryToMark, writeMark } from './mark-store.ts';

const never = new AbortController().signal;
const BASE = {
  database: 'graph.db',
  timeline: '20261129T020304Z-00000001',
  id: '20261129T020304Z-5f3a9c1e',
};
const folder = `db/graph.db/${BASE.timeline}/mark`;

let objects: MemoryObjects;
beforeEach(() => {
  objects = new MemoryObjects();
});

/** The store as the product has it, with one fault at each call that creates something. */
function failing(...script: (Fault | undefined)[]): RetryingStore {
  const inner = new FaultyStore(new MemoryStore(objects), ({ operation }) =>
    operation === 'create' ? script.shift() : undefined,
  );
  return new RetryingStore(inner, new Retries(undefined, new PretendedTime()));
}

const read = (marks: readonly MarkName[], kind: 'hold' | 'proof' | 'key') =>
  readNewestMark(new MemoryStore(objects), [{ place: BASE, marks }], kind, never);

describe('marks in a store', () => {
  it('a mark says who made it and when, under a name that says the same', async () => {
    const name = await writeMark(new MemoryStore(objects), BASE, { kind: 'hold', reason: 'audit' }, [], never);
    expect([...objects.byKey.keys()]).toEqual([`${folder}/${formatMarkName(name)}`]);
    const mark = await read([name], 'hold');
    expect(mark).toMatchObject({ base: BASE.id, reason: 'audit', tool: version });
    expect(name.id.startsWith(mark!.made.toISOString().replaceAll(/[-:]|\.000/g, ''))).toBe(true);
  });

  it('a mark is later than all others of its base, also within one second', async () => {
    const store = new MemoryStore(objects);
    const known: MarkName[] = [];
    for (let round = 0; round < 4; round++) {
      known.push(await writeMark(store, BASE, { kind: round % 2 === 0 ? 'hold' : 'release' }, known, never));
      expect(findHolds(known).has(BASE.id)).toBe(round % 2 === 0);
    }
    expect(known.map(({ id }) => id)).toEqual(known.map(({ id }) => id).sort());
  });

  it.each([
    ['a lost answer', faults.lostAnswer],
    ['a server that is overloaded', faults.before(answer(503))],
    ['a conflict', faults.before(answer(409))],
  ])('a fault that passes leaves one mark: %s', async (_, fault) => {
    const name = await writeMark(failing(fault), BASE, { kind: 'key' }, [], never);
    expect(objects.byKey.size).toBe(1);
    expect(await read([name], 'key')).toMatchObject({ kind: 'key' });
  });

  it.each([
    ['no right to write', answer(403), 'object.denied'],
    ['the name is taken', answer(412), 'object.exists'],
    ['a full disk', answer('ENOSPC'), 'object.full'],
  ])(
    'a fault that stays is an error where the mark is what was asked for, and else a result: %s',
    async (_, error, code) => {
      const fault = faults.before(error);
      await expect(writeMark(failing(fault), BASE, { kind: 'hold' }, [], never)).rejects.toMatchObject({ code });
      const unwritten = await tryToMark(failing(fault), BASE, { kind: 'key' }, [], never);
      expect(unwritten).toMatchObject({ base: BASE.id, error: { code } });
      expect(objects.byKey.size).toBe(0);
    },
  );

  it('an interruption is no lost mark', async () => {
    const interrupted = AbortSignal.abort();
    await expect(tryToMark(failing(), BASE, { kind: 'key' }, [], interrupted)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('the newest mark that can be read counts', async () => {
    const store = new MemoryStore(objects);
    const known: MarkName[] = [];
    for (const failure of ['one', 'two', 'three', 'four']) {
      const content = { kind: 'proof', moment: 'latest', result: 'failed', failure, neededKey: false } as const;
      known.push(await writeMark(store, BASE, content, known, never));
    }
    expect(await read(known, 'proof')).toMatchObject({ failure: 'four' });
    const keys = known.map((mark) => `${folder}/${formatMarkName(mark)}`);
    objects.byKey.delete(keys[3]!);
    objects.put(keys[2]!, objects.byKey.get(keys[1]!)!.bytes.subarray(1));
    expect(await read(known, 'proof')).toMatchObject({ failure: 'two' });
    // A mark under the name of another base says nothing of it.
    const other = { ...known[1]!, base: '20261129T020305Z-00000000' };
    objects.put(`${folder}/${formatMarkName(other)}`, objects.byKey.get(keys[1]!)!.bytes);
    expect(await read([other], 'proof')).toBeUndefined();
    expect(await read(known, 'hold')).toBeUndefined();
  });
});
