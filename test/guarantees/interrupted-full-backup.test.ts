import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isNote } from '../../src/backup/backup-events.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { initRepository } from '../../src/repository/opening/repository.ts';
import { readDatabase } from '../../src/repository/reading/database-history.ts';
import { attemptBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad } from '../support/live/embedded-load.ts';
import { liveContent } from '../support/live/live-content.ts';
import { answer, FaultyStore, faults } from '../support/objects/faulty-store.ts';
import { MemoryStore } from '../support/objects/memory-store.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';
import { restoreInto } from '../support/repositories/repository-runs.ts';

/*
 * Promise: a full backup into a repository that was interrupted goes on, from the same machine, with the objects that are stored; what it
 * makes is exact all the same. Whatever is wrong with its notes, at worst everything is sent again.
 */

const never = new AbortController().signal;
/** Several objects' worth of text. */
const LARGE_TEXTS = 75;

let scratch: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;
let store: FaultyStore;
let dice: Dice;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  const seed = nextSeed();
  dice = new Dice(seed);
  database = await EmbeddedDatabase.open(join(scratch, 'live', 'graph.db'));
  load = new EmbeddedLoad(database, { seed });
  await load.run(20);
  store = new FaultyStore(new MemoryStore());
  await initRepository(store, { method: 'none' }, never);
});
afterEach(async () => {
  await database.close();
  await removeDirectory(scratch);
});

/** Files of several objects each, which differ from one call to the next in a few places only. */
async function addText(count = LARGE_TEXTS): Promise<void> {
  for (let left = count; left > 0; left--) {
    const tx = database.begin();
    tx.createNode(['Ballast'], { text: { type: 'string', value: String(left).repeat(400_000) } });
    await tx.commit();
  }
  await database.checkPoint();
}

const stateDirectory = () => join(scratch, 'state');

async function backUp(state: string | undefined) {
  const directory = join(scratch, 'live', 'graph.db');
  const place = {
    location: 'memory',
    database: 'graph.db',
    renew: false,
    open: async () => store,
    stateDirectory: state,
  };
  const from = store.calls.length;
  const made = await attemptBackup(scratch, { directory, logDirectory: directory }, { repositories: [place] });
  const calls = store.calls.slice(from);
  const sent = calls.filter(({ operation, key }) => operation === 'create' && /\/data\/\d/.test(key)).length;
  return { ...made, sent, continued: made.events.filter(isNote).find(({ kind }) => kind === 'full-continued') };
}

/** Makes a full backup that fails after so many objects. */
async function interruptAfter(objects: number): Promise<void> {
  let left = objects;
  // The bundle comes last, even if all parts are there already.
  store.script = ({ operation, key }) =>
    operation === 'create' && (key.includes('/data/bundle/') || (/\/data\/\d/.test(key) && left-- <= 0))
      ? faults.before(answer(403))
      : undefined;
  const { error } = await backUp(stateDirectory());
  expect(error).toMatchObject({ code: 'object.denied' });
  store.script = () => undefined;
}

const journals = () =>
  existsSync(stateDirectory())
    ? readdirSync(stateDirectory(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parts'))
    : [];

/** What is there is exactly one complete base, and nothing that belongs to no base. */
async function expectExact(): Promise<void> {
  const { histories, unfinished } = await readDatabase(store, 'graph.db', never);
  expect(unfinished).toEqual([]);
  const bases = histories.flatMap((history) => history.bases);
  let objects = 0;
  for await (const { key } of store.list('db/', undefined, never))
    if (/\/base\/[^/]*\/(data|log)\//.test(key)) objects++;
  expect(objects).toBe(bases.reduce((sum, base) => sum + base.objects + base.log.length, 0));
  const directory = join(mkdtempSync(join(scratch, 'restored-')), 'graph.db');
  await restoreInto(directory, store, { kind: 'latest' }, 'none');
  const copy = await EmbeddedDatabase.open(directory);
  try {
    expect(findContentDifferences(liveContent(database), liveContent(copy))).toEqual([]);
  } finally {
    await copy.close();
  }
  expect(journals()).toEqual([]);
}

it('what is stored is not sent again, and the backup is exact', async () => {
  await addText();
  await interruptAfter(2);
  expect(journals()).toHaveLength(1);
  const { report, continued, sent } = await backUp(stateDirectory());
  expect(report).toMatchObject({ kind: 'full' });
  expect(continued).toMatchObject({ objects: 2 });
  const { histories } = await readDatabase(store, 'graph.db', never);
  const [base] = histories[0]!.bases;
  expect(sent).toBe(base!.objects - 2 - 1);
  await expectExact();
});

it('a database that has changed meanwhile is exact too, however often the backup is interrupted', async () => {
  await addText();
  for (let round = 0; round < campaign.rounds(6, 2); round++) {
    await interruptAfter(dice.between(1, 2));
    await load.run(20);
    await addText(dice.between(0, 2));
  }
  expect((await backUp(stateDirectory())).continued).toBeDefined();
  await expectExact();
});

it('a backup that another machine has made meanwhile is not touched, and the interrupted one begins anew', async () => {
  await addText();
  await interruptAfter(2);
  const other = await backUp(undefined);
  expect(other.report).toMatchObject({ kind: 'full' });
  expect(other.continued).toBeUndefined();
  await load.run(5);
  const next = await backUp(stateDirectory());
  expect(next.report).toMatchObject({ kind: 'incremental' });
});

it('an object that is gone is sent again', async () => {
  await addText();
  await interruptAfter(2);
  for await (const { key } of store.list('db/', undefined, never)) {
    if (!/\/data\/\d/.test(key)) continue;
    await store.remove([key], never);
    break;
  }
  const { continued } = await backUp(stateDirectory());
  expect(continued).toMatchObject({ objects: 1 });
  await expectExact();
});

it('notes that are damaged in any way do not harm the backup', async () => {
  await addText();
  await interruptAfter(2);
  const path = join(stateDirectory(), journals()[0]!);
  const sound = readFileSync(path);
  const harmed = Buffer.from(sound);
  for (let left = dice.between(1, 5); left > 0; left--) harmed[dice.below(harmed.length)] = dice.below(256);
  const kinds = [harmed, sound.subarray(0, dice.below(sound.length)), Buffer.alloc(0), Buffer.from('{"timeline":1}\n')];
  writeFileSync(path, dice.pick(kinds));
  const { report } = await backUp(stateDirectory());
  expect(report).toMatchObject({ kind: 'full' });
  const directory = join(mkdtempSync(join(scratch, 'restored-')), 'graph.db');
  await restoreInto(directory, store, { kind: 'latest' }, 'none');
  expect(existsSync(directory)).toBe(true);
});

it('without a place for notes a failed backup leaves nothing', async () => {
  await addText(3);
  writeFileSync(join(scratch, 'state'), 'a file where a directory should be');
  let left = 0;
  store.script = ({ operation, key }) =>
    operation === 'create' && key.includes('bundle') && left-- <= 0 ? faults.before(answer(403)) : undefined;
  expect((await backUp(stateDirectory())).error).toMatchObject({ code: 'object.denied' });
  const { unfinished } = await readDatabase(store, 'graph.db', never);
  expect(unfinished).toEqual([]);
});
