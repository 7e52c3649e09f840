import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { describeObjectStore } from '../../test/support/conformance/object-store.ts';
import {
  answer,
  type Fault,
  FaultyStore,
  faults,
  type StoreOperation,
} from '../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../test/support/objects/memory-store.ts';
import { PretendedTime } from '../../test/support/objects/pretended-time.ts';
import { Dice } from '../../test/support/random/dice.ts';
import { nextSeed } from '../../test/support/random/seed.ts';
import type { GraphkeepError } from '../base/errors.ts';
import { FolderStore } from './folder/folder-store.ts';
import type { ObjectStore } from './object-store.ts';
import { Retries } from './retry.ts';
import { RetryingStore } from './retrying-store.ts';
import { readWhole, sha256Of } from './whole-object.ts';

const policy = { deadlineMs: 60_000, firstPauseMs: 100, longestPauseMs: 5000 };
const withRetries = (store: ObjectStore) => new RetryingStore(store, new Retries(policy, new PretendedTime()));

const passing: readonly Fault[] = [
  faults.before(answer(503)),
  faults.before(answer(409)),
  faults.lostAnswer,
  faults.after(answer(503)),
  faults.short(1),
  faults.short(100_001),
];

/** Every other call fails at random, and a call that follows a failure goes through. */
function unreliable(store: ObjectStore): FaultyStore {
  const dice = new Dice(nextSeed());
  let failed = false;
  return new FaultyStore(store, () => {
    failed = !failed && dice.chance(0.7);
    return failed ? dice.pick(passing) : undefined;
  });
}

describeObjectStore('a store in memory that often fails', async () => {
  const objects = new MemoryObjects();
  return { open: async () => withRetries(unreliable(new MemoryStore(objects))), close: async () => {} };
});

describeObjectStore('a folder that often fails', async (scratch) => ({
  open: async () => withRetries(unreliable(await FolderStore.open(join(scratch, 'objects'), { create: true }))),
  close: async () => {},
}));

const never = new AbortController().signal;
const body = Buffer.from('content');

describe('a store under retries', () => {
  let memory: MemoryStore;
  let faulty: FaultyStore;
  let store: RetryingStore;

  beforeEach(() => {
    memory = new MemoryStore();
    faulty = new FaultyStore(memory);
    store = withRetries(faulty);
  });

  const create = (key = 'a', content = body) => store.create(key, content, sha256Of(content), {}, never);
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => 'success',
      (error: GraphkeepError) => error.code,
    );
  /** The first calls of an operation fail in turn. */
  function failFirst(operation: StoreOperation, ...some: (Fault | undefined)[]): void {
    const left = [...some];
    faulty.script = (call) => (call.operation === operation ? left.shift() : undefined);
  }
  const operations = () => faulty.calls.map(({ operation }) => operation);

  it.each<[string, Fault, string]>([
    ['403', faults.before(answer(403)), 'object.denied'],
    ['ENOSPC', faults.before(answer('ENOSPC')), 'object.full'],
    ['404', faults.before(answer(404)), 'object.missing'],
  ])('%s is final', async (_, fault, code) => {
    failFirst('create', fault);
    expect(await codeOf(create())).toBe(code);
    expect(operations()).toEqual(['create']);
  });

  it('an object whose creation was acknowledged to nobody counts as created, however often its answer is lost', async () => {
    failFirst('create', faults.lostAnswer, faults.lostAnswer, faults.before(answer(409)));
    await create();
    expect(operations()).toEqual(['create', 'create', 'stat']);
    expect(String(await readWhole(memory, 'a', { mostBytes: 99 }, never))).toBe('content');
  });

  it('an object of somebody else does not count, be it as large or not', async () => {
    await create('a', Buffer.from('CONTENT'));
    expect(await codeOf(create())).toBe('object.exists');
    await create('b', Buffer.from('longer content'));
    failFirst('create', faults.lostAnswer);
    expect(await codeOf(create('b'))).toBe('object.exists');
    expect(String(await readWhole(memory, 'b', { mostBytes: 99 }, never))).toBe('longer content');
  });

  it('an object that vanishes before it is compared does not count', async () => {
    await create();
    failFirst('stat', faults.before(answer(404)));
    expect(await codeOf(create())).toBe('object.exists');
  });

  it('who may only write and list compares sizes', async () => {
    await create();
    faulty.script = ({ operation }) => (['stat', 'read'].includes(operation) ? faults.before(answer(403)) : undefined);
    await create();
    expect(await codeOf(create('a', Buffer.from('x')))).toBe('object.exists');
    await memory.remove(['a'], never);
    await memory.create('ab', body, sha256Of(body), {}, never);
    faulty.script = ({ operation }) =>
      operation === 'list' ? undefined : faults.before(answer(operation === 'create' ? 412 : 403));
    expect(await codeOf(create())).toBe('object.exists');
  });

  it('a lease whose replacement was acknowledged to nobody counts as replaced', async () => {
    failFirst('replace', faults.lostAnswer, undefined, faults.lostAnswer);
    const first = await store.replace('lease/a', Buffer.from('1'), undefined, never);
    expect(first).toBe((await memory.stat('lease/a', never))!.etag);
    const second = await store.replace('lease/a', Buffer.from('2'), first, never);
    expect(second).toBe((await memory.stat('lease/a', never))!.etag);
    expect(await codeOf(store.replace('lease/a', Buffer.from('3'), first, never))).toBe('object.changed');
  });

  it('a copy whose answer was lost counts as made, another object does not', async () => {
    await create();
    failFirst('copy', faults.lostAnswer);
    await store.copy!('a', 'b', never);
    expect((await memory.stat('b', never))!.size).toBe(body.length);
    await create('c', Buffer.from('CONTENT'));
    failFirst('copy', faults.before(answer(503)));
    expect(await codeOf(store.copy!('a', 'c', never))).toBe('object.exists');
  });

  it('reading goes on where it broke off, and delivers no byte twice', async () => {
    const large = Buffer.alloc(1_000_000, 'abcdefg');
    await create('large', large);
    failFirst('read', ...[0, 1, 250_000, 7, 99_999, 0].map(faults.short));
    const read = await readWhole(store, 'large', { mostBytes: 1_000_000 }, never);
    expect(read.equals(large)).toBe(true);
    failFirst('read', faults.short(3), faults.short(3));
    const part = await readWhole(store, 'large', { range: { from: 10, to: 30 }, mostBytes: 20 }, never);
    expect(part.equals(large.subarray(10, 30))).toBe(true);
  });

  it('an answer that was lost after the last byte is not asked for again', async () => {
    await create();
    failFirst('read', faults.lostAnswer);
    expect(String(await readWhole(store, 'a', { mostBytes: 99 }, never))).toBe('content');
    expect(operations()).toEqual(['create', 'read']);
  });

  it('two halves of different objects are not one object', async () => {
    const etag = await store.replace('lease/a', Buffer.alloc(300_000, '1'), undefined, never);
    failFirst('read', faults.short(150_000));
    const reading = store.read(
      'lease/a',
      undefined,
      async (_, object) => {
        if (object.etag === etag)
          await memory.replace('lease/a', Buffer.alloc(300_000, '2'), etag, never).catch(() => {});
      },
      never,
    );
    expect(await codeOf(reading)).toBe('object.changed');
  });

  it('a list goes on where it broke off', async () => {
    const keys = Array.from({ length: 9 }, (_, i) => `k${i}`);
    for (const key of keys) await create(key);
    failFirst('list', faults.short(0), faults.short(4), faults.before(answer(503)), faults.short(2));
    const seen: string[] = [];
    for await (const { key } of store.list('k', undefined, never)) seen.push(key);
    expect(seen).toEqual(keys);
  });

  it('objects that could not be removed are tried again, those that must not be are not', async () => {
    const lock = { until: new Date(Date.now() + 3_600_000), mode: 'governance' as const };
    await store.create('locked', body, sha256Of(body), { lock }, never);
    await create();
    failFirst('remove', faults.before(answer(503)), faults.lostAnswer);
    const [locked, a] = await store.remove(['locked', 'a'], never);
    expect(locked).toMatchObject({ removed: false, error: { code: 'object.denied' } });
    expect(a).toEqual({ key: 'a', removed: true });
    expect(operations().filter((name) => name === 'remove')).toHaveLength(3);
  });

  it('of a store that cannot be reached every key says so, or the call does', async () => {
    faulty.script = () => faults.before(answer(503));
    expect(await codeOf(store.remove(['a', 'b'], never))).toBe('object.unavailable');
    const error = answer(503);
    memory.remove = async (keys) => keys.map((key) => ({ key, removed: false, error }));
    faulty.script = () => undefined;
    expect(await store.remove(['a', 'b'], never)).toEqual(['a', 'b'].map((key) => ({ key, removed: false, error })));
  });

  it('a store that does not answer at all can be cancelled', async () => {
    faulty.script = () => faults.stall;
    const controller = new AbortController();
    const created = store.create('a', body, sha256Of(body), {}, controller.signal);
    controller.abort();
    expect(await codeOf(created)).toBe('cancelled');
    expect(memory.objects.byKey.size).toBe(0);
  });
});
