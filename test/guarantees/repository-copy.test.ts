import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../src/base/errors.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { Retries } from '../../src/objects/retry.ts';
import { RetryingStore } from '../../src/objects/retrying-store.ts';
import type { Encryption } from '../../src/repository/catalogue/json-fields.ts';
import { initRepository } from '../../src/repository/opening/repository.ts';
import { readHistory } from '../../src/repository/reading/database-history.ts';
import type { Unsealing } from '../../src/repository/seal/unseal/unsealing.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory, readSimpleGraph } from '../support/history/generated-history.ts';
import { answer, type Fault, FaultyStore, faults } from '../support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../support/objects/memory-store.ts';
import { PretendedTime } from '../support/objects/pretended-time.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';
import { backUpInto, copyInto, findFaults, restoreInto } from '../support/repositories/repository-runs.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: whatever one of two stores does at any call of a copy between them, or whenever it is stopped, everything that the target shows
 * can be restored, and the next copy completes it without sending anything again that arrived.
 */

const FIRST = 4;
const NEWEST = 9;
const never = new AbortController().signal;

const kinds: [string, Fault][] = [
  ['403', faults.before(answer(403))],
  ['404', faults.before(answer(404))],
  ['412', faults.before(answer(412))],
  ['503', faults.before(answer(503))],
  ['ENOSPC', faults.before(answer('ENOSPC'))],
  ['an error after its effect', faults.after(answer(403))],
  ['a lost answer', faults.lostAnswer],
  ['a short body', faults.short(1)],
];

let scratch: string;
let history: GeneratedHistory;
let original: MemoryObjects;
let encryption: Encryption;
const identities = new Decrypter();

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 26_000, transactions: NEWEST - 1 });
  const identity = await generateX25519Identity();
  identities.addIdentity(identity);
  encryption = { method: 'age', recipients: [await identityToRecipient(identity)] };
  original = new MemoryObjects();
  const store = new MemoryStore(original);
  await initRepository(store, encryption, never);
  const server = await BackupServer.start(history, FIRST);
  try {
    for (const newest of [FIRST, FIRST + 2, NEWEST]) {
      server.newest = newest;
      await backUpInto(store, server, newest === FIRST ? 'full' : 'incremental');
    }
  } finally {
    await server.stop();
  }
});
afterAll(() => removeDirectory(scratch));

/** What a copy is made for: the same recipients, or none. */
const targets: [string, () => Encryption, Unsealing['identities']][] = [
  ['the same recipients', () => encryption, identities],
  ['no recipients', () => ({ method: 'none' }), 'none'],
];

async function empty(how: Encryption): Promise<MemoryObjects> {
  const objects = new MemoryObjects();
  await initRepository(new MemoryStore(objects), how, never);
  return objects;
}

const retried = (store: ObjectStore) => new RetryingStore(store, new Retries(undefined, new PretendedTime()));

/** A copy between two stores that do what the scripts say. True if it copied all. */
async function attempt(source: FaultyStore, target: FaultyStore): Promise<boolean> {
  try {
    return (await copyInto(retried(source), retried(target), identities)).faults.length === 0;
  } catch (error) {
    expect(error).toBeInstanceOf(GraphkeepError);
    expect((error as GraphkeepError).code).toMatch(/^(object|repository)\./);
    expect((error as GraphkeepError).hint).not.toBe('');
    return false;
  }
}

/** What shows in the target is whole: each base, and the log after it up to somewhere. */
async function expectWhole(copied: MemoryObjects, opens: Unsealing['identities'], isComplete: boolean): Promise<void> {
  const store = new MemoryStore(copied);
  const shown = (await readHistory(store, 'graph.db', never)).filter(({ bases }) => bases.length > 0);
  expect(await findFaults(store, opens)).toEqual([]);
  if (isComplete) expect(shown).toHaveLength(1);
  if (shown.length === 0) return;
  const last = shown[0]!.chain.runs.at(-1)?.last ?? FIRST;
  if (isComplete) expect(last).toBe(NEWEST);
  const folder = join(await mkdtemp(join(scratch, 'restored-')), 'store');
  await restoreInto(folder, store, { kind: 'latest' }, opens!);
  expect(readSimpleGraph(folder)).toEqual(history.graphAt(last));
  await removeDirectory(folder);
}

describe.each(targets)('a copy for %s', (_, how, opens) => {
  /** The calls of an undisturbed copy to both stores. */
  async function countCalls(): Promise<{ source: number; target: number }> {
    const source = new FaultyStore(new MemoryStore(original));
    const target = new FaultyStore(new MemoryStore(await empty(how())));
    expect(await attempt(source, target)).toBe(true);
    return { source: source.calls.length, target: target.calls.length };
  }

  it('succeeds or says why not, whatever a store does at one call, and the next one succeeds', async () => {
    const counts = await countCalls();
    const dice = new Dice(nextSeed());
    for (let round = 0; round < campaign.rounds(40, 3); round++) {
      const copied = await empty(how());
      const side = dice.pick(['source', 'target'] as const);
      const number = dice.below(counts[side]);
      const [name, fault] = dice.pick(kinds);
      const script = (of: string) => (call: { number: number }) =>
        side === of && call.number === number ? fault : undefined;
      const source = new FaultyStore(new MemoryStore(original), script('source'));
      const target = new FaultyStore(new MemoryStore(copied), script('target'));
      const succeeded = await attempt(source, target);
      await expectWhole(copied, opens, succeeded);
      expect(await attempt(new FaultyStore(new MemoryStore(original)), new FaultyStore(new MemoryStore(copied)))).toBe(
        true,
      );
      await expectWhole(copied, opens, true).catch((error: Error) => {
        throw new Error(`${name} at call ${number} of the ${side}`, { cause: error });
      });
    }
  });

  it('goes on wherever it was stopped, and sends nothing twice', async () => {
    const { target: calls } = await countCalls();
    const dice = new Dice(nextSeed());
    for (let round = 0; round < campaign.rounds(20, 2); round++) {
      const copied = await empty(how());
      const arrived: string[] = [];
      let stops = 0;
      for (let isDone = false; !isDone; stops++) {
        // The run is dead after some calls, some of which may have their effect.
        const last = stops < 6 ? dice.between(1, calls) : Number.POSITIVE_INFINITY;
        const before = new Set(copied.byKey.keys());
        const target = new FaultyStore(new MemoryStore(copied), ({ number }) =>
          number < last ? undefined : dice.pick([faults.before(answer(403)), faults.after(answer(403))]),
        );
        isDone = await attempt(new FaultyStore(new MemoryStore(original)), target);
        arrived.push(...[...copied.byKey.keys()].filter((key) => !before.has(key) && key.startsWith('db/')));
        await expectWhole(copied, opens, isDone);
      }
      // What objects hold stands in their names, before the digests of how they were sealed.
      const contents = arrived.map((key) => key.replace(/\.[0-9a-f]{16}([0-9a-f]{16})?\.(tar\.)?zst(\.age)?$/, ''));
      expect(new Set(contents).size, `after ${stops} runs`).toBe(contents.length);
      expect(new Set(arrived)).toEqual(new Set([...copied.byKey.keys()].filter((key) => key.startsWith('db/'))));
    }
  });
});
