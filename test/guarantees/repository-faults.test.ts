import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../src/base/errors.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { Retries } from '../../src/objects/retry.ts';
import { RetryingStore } from '../../src/objects/retrying-store.ts';
import { initRepository } from '../../src/repository/opening/repository.ts';
import { readHistory } from '../../src/repository/reading/database-history.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory, readSimpleGraph } from '../support/history/generated-history.ts';
import { answer, type Fault, FaultyStore, faults } from '../support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../support/objects/memory-store.ts';
import { PretendedTime } from '../support/objects/pretended-time.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';
import { backUpInto, restoreInto } from '../support/repositories/repository-runs.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: whatever a store of objects does at any call of a backup or a restore, the run succeeds or ends with an error that says why;
 * nothing that was there is lost; and the next run succeeds.
 */

const FIRST = 5;
const SECOND = 9;
const NEWEST = 13;
const never = new AbortController().signal;

/** What may go wrong, and whether retries help. */
const kinds: [string, Fault][] = [
  ['403', faults.before(answer(403))],
  ['404', faults.before(answer(404))],
  ['412', faults.before(answer(412))],
  ['409', faults.before(answer(409))],
  ['503', faults.before(answer(503))],
  ['ENOSPC', faults.before(answer('ENOSPC'))],
  ['an error after its effect', faults.after(answer(403))],
  ['a lost answer', faults.lostAnswer],
  ['a short body', faults.short(1)],
];

let scratch: string;
let history: GeneratedHistory;
let server: BackupServer;
let objects: MemoryObjects;
let recipient: string;
const identities = new Decrypter();

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 40, transactions: NEWEST - 1 });
  server = await BackupServer.start(history, FIRST);
  const identity = await generateX25519Identity();
  identities.addIdentity(identity);
  recipient = await identityToRecipient(identity);
});
afterAll(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

beforeEach(async () => {
  objects = new MemoryObjects();
  await initRepository(new MemoryStore(objects), { method: 'age', recipients: [recipient] }, never);
});

async function backUp(store: ObjectStore, newest: number, isFull: boolean): Promise<void> {
  server.newest = newest;
  await backUpInto(store, server, isFull ? 'full' : 'incremental');
}

async function expectMoment(store: ObjectStore, transaction: number): Promise<void> {
  const folder = join(await mkdtemp(join(scratch, 'restored-')), 'store');
  await restoreInto(folder, store, { kind: 'transaction', transaction }, identities);
  expect(readSimpleGraph(folder)).toEqual(history.graphAt(transaction));
  await removeDirectory(folder);
}

const sound = () => new MemoryStore(objects);

/** The store with one fault at a call, with retries around it as in the product. */
function faulty(number: number, fault: Fault): { store: ObjectStore; inner: FaultyStore } {
  const inner = new FaultyStore(new MemoryStore(objects), (call) => (call.number === number ? fault : undefined));
  return { inner, store: new RetryingStore(inner, new Retries(undefined, new PretendedTime())) };
}

/** How many calls a run makes without faults. */
async function countCalls(run: (store: ObjectStore) => Promise<void>): Promise<number> {
  const { store, inner } = faulty(-1, faults.stall);
  await run(store);
  return inner.calls.length;
}

/** Runs with a fault: it succeeds, or says why not. */
async function attempt(run: (store: ObjectStore) => Promise<void>, number: number, fault: Fault): Promise<boolean> {
  try {
    await run(faulty(number, fault).store);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(GraphkeepError);
    expect((error as GraphkeepError).code).toMatch(/^(object|repository|file)\./);
    expect((error as GraphkeepError).hint).not.toBe('');
    return false;
  }
}

/** Calls and faults to try; all of them, some hundreds, would take minutes: GRAPHKEEP_CAMPAIGN=10 does that. */
function pick(calls: number) {
  const all = kinds.flatMap((kind) => Array.from({ length: calls }, (_, number) => ({ kind, number })));
  const dice = new Dice(nextSeed());
  return Array.from({ length: Math.min(all.length, campaign.rounds(30, 2)) }, () => {
    return all.splice(dice.below(all.length), 1)[0]!;
  });
}

describe('a repository whose store fails at one call', () => {
  it('a full backup into it that fails leaves what was there, and the next one succeeds', async () => {
    const run = (store: ObjectStore) => backUp(store, FIRST, true);
    const count = await countCalls(run);
    expect(count).toBeGreaterThan(8);
    for (const {
      kind: [name, fault],
      number,
    } of pick(count)) {
      const before = (await readHistory(sound(), 'graph.db', never)).filter(({ bases }) => bases.length > 0).length;
      const succeeded = await attempt(run, number, fault);
      const after = (await readHistory(sound(), 'graph.db', never)).filter(({ bases }) => bases.length > 0).length;
      // An answer that was lost may hide a success.
      expect(after - before, `${name} at call ${number}`).toBeGreaterThanOrEqual(succeeded ? 1 : 0);
      if (after > 0) await expectMoment(sound(), FIRST);
      await backUp(sound(), FIRST, true);
      await expectMoment(sound(), FIRST);
    }
  });

  it('an incremental backup into it that fails leaves what was there, and the next one succeeds', async () => {
    await backUp(sound(), FIRST, true);
    const kept = objects.copy();
    const run = (store: ObjectStore) => backUp(store, SECOND, false);
    const count = await countCalls(run);
    expect(count).toBeGreaterThan(5);
    for (const {
      kind: [name, fault],
      number,
    } of pick(count)) {
      objects = kept.copy();
      await attempt(run, number, fault);
      await expectMoment(sound(), FIRST);
      await backUp(sound(), NEWEST, false);
      for (const transaction of [FIRST + 1, SECOND, NEWEST]) await expectMoment(sound(), transaction);
      expect((await readHistory(sound(), 'graph.db', never)).length, `${name} at call ${number}`).toBe(1);
    }
  });

  it('a restore from it is exact or fails, and the next one succeeds', async () => {
    await backUp(sound(), FIRST, true);
    await backUp(sound(), NEWEST, false);
    const run = (store: ObjectStore) => expectMoment(store, NEWEST);
    const count = await countCalls(run);
    for (const {
      kind: [, fault],
      number,
    } of pick(count)) {
      await attempt(run, number, fault);
      await expectMoment(sound(), NEWEST);
    }
  });
});
