import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GraphkeepError } from '../../../src/base/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../../src/objects/object-store.ts';
import { readInto, readWhole, sha256Of } from '../../../src/objects/whole-object.ts';
import { makeTemporaryDirectory, removeDirectory } from '../corpus/unpack-corpus.ts';
import { anyKeys } from '../objects/any-keys.ts';
import { campaign } from '../random/campaign-size.ts';
import { nextSeed } from '../random/seed.ts';

/** One place for objects, empty at first, for {@link describeObjectStore}. */
export interface ObjectStoreWorld {
  /** A store of its own for each caller, as in several programs; all see the same objects. */
  open(): Promise<ObjectStore>;
  close(): Promise<void>;
}

const never = new AbortController().signal;
const RACERS = 20;
const MOST_BYTES = 1 << 24;

const BAD_KEYS = ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a b', 'a+b', 'ä', 'a\\b', 'a\0', 'a\n'];
const FORBIDDEN_KEYS = [...BAD_KEYS, '.tmp-x', 'a/.tmp-x', 'x'.repeat(251), 'ab/'.repeat(300)];

/**
 * The tests that every {@link ObjectStore} must pass. `makeWorld` gets a fresh directory for each test. `races`: false for a store that
 * cannot decide between writers of one key; `copies`: false for one that cannot copy;
 * `longestPart`: for a server that does not take what keys may have.
 */
export function describeObjectStore(
  name: string,
  makeWorld: (scratch: string) => Promise<ObjectStoreWorld>,
  { races = true, copies = true, longestPart = 250 }: { races?: boolean; copies?: boolean; longestPart?: number } = {},
): void {
  describe(`${name}, as any store of objects`, () => {
    let scratch: string;
    let world: ObjectStoreWorld;
    let store: ObjectStore;

    beforeEach(async () => {
      scratch = await makeTemporaryDirectory();
      world = await makeWorld(scratch);
      store = await world.open();
    });
    afterEach(async () => {
      await world.close();
      await removeDirectory(scratch);
    });

    const create = (key: string, content: string | Uint8Array, by = store) => {
      const body = Buffer.from(content);
      return by.create(key, body, sha256Of(body), {}, never);
    };
    const read = async (key: string, from?: number, to?: number) => {
      const range = from === undefined || to === undefined ? {} : { range: { from, to } };
      return String(await readWhole(store, key, { ...range, mostBytes: MOST_BYTES }, never));
    };
    const list = async (prefix = '', startAfter?: string) => {
      const found: ObjectInfo[] = [];
      for await (const info of store.list(prefix, startAfter, never)) found.push(info);
      return found;
    };
    const keys = async (prefix?: string, startAfter?: string) => (await list(prefix, startAfter)).map(({ key }) => key);
    const codeOf = (call: Promise<unknown>) =>
      call.then(
        () => 'success',
        (error: GraphkeepError) => error.code,
      );

    it('an object that was created can be read, and is described alike everywhere', async () => {
      const bytes = Buffer.alloc(3_000_000, 'some text ');
      await create('db/graph.db/a-1_2/data/0.zst', bytes);
      const other = await world.open();
      expect(
        (await readWhole(other, 'db/graph.db/a-1_2/data/0.zst', { mostBytes: MOST_BYTES }, never)).equals(bytes),
      ).toBe(true);
      const info = (await other.stat('db/graph.db/a-1_2/data/0.zst', never))!;
      expect(info).toMatchObject({ key: 'db/graph.db/a-1_2/data/0.zst', size: 3_000_000 });
      if (info.sha256 !== undefined) expect(Buffer.from(info.sha256).equals(sha256Of(bytes))).toBe(true);
      const { sha256: _, ...listed } = info;
      expect((await list()).map(({ modified, ...rest }) => rest)).toEqual([
        { key: listed.key, size: listed.size, etag: listed.etag },
      ]);
      const { size, etag } = await other.read(info.key, { from: 5, to: 6 }, () => {}, never);
      expect({ size, etag }).toEqual({ size: 3_000_000, etag: info.etag });
    });

    it('an object may come from a part of memory that threads share, and be read into it', async () => {
      const memory = Buffer.from(new SharedArrayBuffer(2_000_000));
      memory.fill('shared ');
      const body = memory.subarray(1000, 1_900_000);
      await store.create('shared', body, sha256Of(body), {}, never);
      const into = Buffer.from(new SharedArrayBuffer(2_000_000));
      expect(await readInto(store, 'shared', into, never)).toBe(body.length);
      expect(into.subarray(0, body.length).equals(body)).toBe(true);
    });

    it('an object may be empty', async () => {
      await create('empty', '');
      expect(await read('empty')).toBe('');
      expect(await list()).toMatchObject([{ key: 'empty', size: 0 }]);
    });

    it('any part of an object can be read, and nothing beyond its end', async () => {
      await create('ten', '0123456789');
      expect(await read('ten', 0, 1)).toBe('0');
      expect(await read('ten', 3, 7)).toBe('3456');
      expect(await read('ten', 9, 10)).toBe('9');
      expect(await read('ten', 0, 10)).toBe('0123456789');
      for (const [from, to] of [
        [5, 11],
        [10, 11],
        [100, 200],
      ]) {
        expect([from, await codeOf(read('ten', from, to))]).toEqual([from, 'object.damaged']);
      }
    });

    it('a reader that fails ends the reading with its own error', async () => {
      await create('large', Buffer.alloc(2_500_000));
      const refuse = () => Promise.reject(new RangeError('enough'));
      await expect(store.read('large', undefined, refuse, never)).rejects.toThrow('enough');
      await expect(readWhole(store, 'large', { mostBytes: 2_499_999 }, never)).rejects.toMatchObject({
        code: 'object.damaged',
      });
    });

    it('an object is never overwritten', async () => {
      await create('a/b', 'first');
      await expect(create('a/b', 'second')).rejects.toMatchObject({ code: 'object.exists' });
      await expect(create('a/b', 'second', await world.open())).rejects.toMatchObject({ code: 'object.exists' });
      expect(await read('a/b')).toBe('first');
    });

    it('of many who create one key at the same time, one succeeds', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => world.open()));
      for (let round = 0; round < campaign.rounds(10, 2); round++) {
        const key = `race/${round}/key`;
        const attempts = Array.from({ length: RACERS }, (_, i) => codeOf(create(key, `racer ${i}`, stores[i % 4])));
        const outcomes = await Promise.all(attempts);
        const winners = [...outcomes.keys()].filter((i) => outcomes[i] === 'success');
        if (races) expect(winners).toHaveLength(1);
        expect(outcomes.filter((code) => code === 'object.exists')).toHaveLength(RACERS - winners.length);
        expect(winners.map((i) => `racer ${i}`)).toContain(await read(key));
      }
    });

    it('what does not exist is missing', async () => {
      await create('a/b', 'x');
      for (const key of ['a', 'a/c', 'b', 'A/b']) {
        expect(await store.stat(key, never)).toBeUndefined();
        expect([key, await codeOf(read(key))]).toEqual([key, 'object.missing']);
      }
      expect(await keys('c')).toEqual([]);
    });

    it('a lease is created, replaced in turn, and not replaced by who comes late', async () => {
      const first = await store.replace('lease/a.json', Buffer.from('1'), undefined, never);
      expect(await codeOf(store.replace('lease/a.json', Buffer.from('x'), undefined, never))).toBe('object.changed');
      expect((await store.stat('lease/a.json', never))?.etag).toBe(first);
      const second = await store.replace('lease/a.json', Buffer.from('2'), first, never);
      expect(second).not.toBe(first);
      expect(await codeOf(store.replace('lease/a.json', Buffer.from('y'), first, never))).toBe('object.changed');
      expect(await read('lease/a.json')).toBe('2');
      await store.replace('lease/a.json', Buffer.from('3'), second, never);
      expect(await read('lease/a.json')).toBe('3');
      expect(await codeOf(store.replace('lease/none.json', Buffer.from('z'), second, never))).toBe('object.changed');
      expect(await keys('lease/')).toEqual(['lease/a.json']);
    });

    it('a list is in the order of bytes, whatever the directories', async () => {
      const wanted = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a0', 'aB', 'a_', 'ab/c/d', 'b/a.tar', 'b/a/x'];
      for (const key of [...wanted].reverse()) await create(key, key);
      expect(await keys()).toEqual(wanted);
      expect(await keys('a/')).toEqual(['a/b', 'a/b-c']);
      expect(await keys('a/b')).toEqual(['a/b', 'a/b-c']);
      expect(await keys('b/a')).toEqual(['b/a.tar', 'b/a/x']);
      expect(await keys('', 'a/b')).toEqual(wanted.slice(3));
      expect(await keys('', 'a/bb')).toEqual(wanted.slice(4));
      expect(await keys('a', 'ab/c')).toEqual(['ab/c/d']);
      expect(await keys('a', 'b')).toEqual([]);
      expect(await keys('b', 'a')).toEqual(['b/a.tar', 'b/a/x']);
      expect(await keys('ab/c/d/')).toEqual([]);
    });

    it('a list is what was created, for any keys, prefix and start', async () => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(anyKeys, fc.nat(), fc.nat(), async (names, prefixAt, startAt) => {
          const folder = `round-${round++}/`;
          await Promise.all(names.map((key) => create(folder + key, key)));
          const all = names.map((key) => folder + key).sort();
          expect(await keys(folder)).toEqual(all);
          const prefix = all[prefixAt % all.length]!.slice(0, folder.length + (prefixAt % 7));
          const start = all[startAt % all.length]!;
          expect(await keys(prefix, start)).toEqual(all.filter((key) => key.startsWith(prefix) && key > start));
        }),
        { numRuns: campaign.rounds(30), seed: nextSeed() },
      );
    });

    it('a list of many objects is complete', async () => {
      const wanted = Array.from({ length: 64 }, (_, i) => `many/${String(i).padStart(3, '0')}`);
      await Promise.all(wanted.map((key) => create(key, '')));
      expect(await keys('many/')).toEqual(wanted);
      expect(await keys('many/', wanted[40])).toEqual(wanted.slice(41));
      for await (const { key } of store.list('many/', undefined, never)) {
        expect(key).toBe(wanted[0]);
        break;
      }
    });

    it('objects are removed, a missing one too, and their keys are free again', async () => {
      for (const key of ['a/b/c', 'a/b/d', 'a/e']) await create(key, key);
      const gone = ['a/b/d', 'a/none', 'none/x/y', 'a/b/c'];
      expect(await store.remove(gone, never)).toEqual(gone.map((key) => ({ key, removed: true })));
      expect(await keys()).toEqual(['a/e']);
      await create('a/b/d', 'again');
      expect(await read('a/b/d')).toBe('again');
      expect(await store.remove([], never)).toEqual([]);
    });

    it('writers and a remover in the same folders do not disturb each other', async () => {
      const other = await world.open();
      for (let round = 0; round < campaign.rounds(40, 8); round++) {
        const calls = [0, 1, 2].map((i) => create(`deep/er/${round}/${i}`, 'x', i === 0 ? other : store));
        const before = [0, 1, 2].map((i) => `deep/er/${round - 1}/${i}`);
        const [removed] = await Promise.all([store.remove(before, never), ...calls]);
        expect(removed.every((result) => result.removed)).toBe(true);
        expect(await keys()).toEqual([0, 1, 2].map((i) => `deep/er/${round}/${i}`));
      }
    });

    if (copies) {
      it('a copy has the same content, and overwrites nothing', async () => {
        const copy = (from: string, to: string) => store.copy!(from, to, never);
        await create('from/x', 'content');
        await copy('from/x', 'to/x');
        expect(await read('to/x')).toBe('content');
        expect(await codeOf(copy('from/none', 'to/y'))).toBe('object.missing');
        await create('to/z', 'other');
        expect(await codeOf(copy('from/x', 'to/z'))).toBe('object.exists');
        expect(await read('to/z')).toBe('other');
        await store.remove(['from/x'], never);
        expect(await read('to/x')).toBe('content');
      });
    }

    it('the time is that of the objects', async () => {
      const before = await store.now(never);
      await create('a', 'x');
      const { modified } = (await store.stat('a', never))!;
      const after = await (await world.open()).now(never);
      const SECOND_MS = 1000;
      expect(modified.getTime()).toBeGreaterThan(before.getTime() - SECOND_MS);
      expect(after.getTime()).toBeGreaterThan(modified.getTime() - SECOND_MS);
      expect(await keys()).toEqual(['a']);
    });

    it('a key is refused that some store could not hold', async () => {
      for (const key of FORBIDDEN_KEYS) {
        const calls = [
          create(key, 'x'),
          store.replace(key, Buffer.from('x'), undefined, never),
          read(key),
          store.stat(key, never),
          store.remove(['fine', key], never),
        ];
        const codes = await Promise.all(calls.map(codeOf));
        expect([key, ...codes]).toEqual([key, ...calls.map(() => 'object.key')]);
      }
      for (const prefix of ['/', 'a//', '../', 'a b']) expect(await codeOf(keys(prefix))).toBe('object.key');
      expect(await keys()).toEqual([]);
    });

    it(`a part of a key may have ${longestPart} characters`, async () => {
      const key = `a/${'x'.repeat(longestPart)}/${'y'.repeat(longestPart)}`;
      await create(key, 'long');
      expect(await read(key)).toBe('long');
      expect(await keys(key)).toEqual([key]);
    });

    it('a call that is cancelled does nothing', async () => {
      const cancelled = AbortSignal.abort();
      await create('a', 'x');
      const calls = [
        store.create('b', Buffer.from('x'), sha256Of(Buffer.from('x')), {}, cancelled),
        store.replace('c', Buffer.from('x'), undefined, cancelled),
        store.read('a', undefined, () => {}, cancelled),
        store.stat('a', cancelled),
        store.remove(['a'], cancelled),
        store.now(cancelled),
        store.list('', undefined, cancelled)[Symbol.asyncIterator]().next(),
      ];
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'cancelled'));
      expect(await keys()).toEqual(['a']);
    });

    it('reading ends when it is cancelled', async () => {
      await create('large', Buffer.alloc(2_500_000));
      const controller = new AbortController();
      const reading = store.read('large', undefined, () => controller.abort(), controller.signal);
      expect(await codeOf(reading)).toBe('cancelled');
    });
  });
}
