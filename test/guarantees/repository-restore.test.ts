import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { LogReader } from '../../src/log/v3/log-reader.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad } from '../support/live/embedded-load.ts';
import { liveContent } from '../support/live/live-content.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';

/*
 * Promise: from an encrypted repository, a database comes back exactly as it was after any transaction since the first backup, and at any
 * time, and from a copy of it too; a moment that is not there is an error that says what is.
 */

let world: World;
let database: EmbeddedDatabase;
let listener: BackupListener;
let load: EmbeddedLoad;
let dice: Dice;
let identity: string;
let first: number;
let last: number;
/** Commit times in milliseconds, by transaction. */
let times: Map<number, number>;

const run = (...args: string[]) => runJson(world, args);
const repo = () => `--repo=${world.path('repository')}`;

async function backUp(...more: string[]): Promise<Line> {
  const { host, port } = listener.address;
  const made = await run('backup', `--from=${host}:${port}`, repo(), ...more);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  return made;
}

beforeAll(async () => {
  world = await World.create();
  dice = new Dice(nextSeed());
  database = await EmbeddedDatabase.open(world.path('live'), { rotationBytes: 200_000, checkPointTransactions: 150 });
  await database.createIndex('Thing', ['name']);
  load = new EmbeddedLoad(database, { seed: nextSeed() });
  await load.run(60);
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
  const secret = await generateX25519Identity();
  identity = world.path('key');
  writeFileSync(identity, `${secret}\n`);
  const made = await run('repo', 'init', repo(), `--recipients=${await identityToRecipient(secret)}`);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  load.start();
  first = (await backUp()).lastTransaction as number;
  for (let step = 0; step < campaign.rounds(8, 3); step++) {
    await load.reach(load.statistics.committed + campaign.size(60, 25));
    const made = await backUp(...(step === 1 ? ['--full'] : []));
    expect(made.kind).toBe(step === 1 ? 'full' : 'incremental');
  }
  await load.stop();
  last = (await backUp()).lastTransaction as number;
  times = new Map();
  for (const item of new LogReader(database.directory))
    if (item.kind === 'transaction') times.set(item.transactionId, item.timeCommitted);
});

afterAll(async () => {
  await listener.stop();
  await database.close();
  await world.close();
});

/** Restores a moment and compares everything with the model. Returns the report. */
async function expectMoment(until: string, transaction: number, place = repo(), key = identity): Promise<Line> {
  const to = world.path('restored', 'graph.db');
  const moment = [`--until=${until}`, `--identity=${key}`, `--to=${to}`, '--check'];
  const report = await run('restore', place, ...moment);
  expect(report, `${until}: ${JSON.stringify(report)}`).toMatchObject({ event: 'report', exitCode: 0, transaction });
  const restored = await EmbeddedDatabase.open(to);
  try {
    expect(findContentDifferences(load.ledger.graphAt(transaction).content(), liveContent(restored)), until).toEqual(
      [],
    );
  } finally {
    await restored.close();
    rmSync(world.path('restored'), { recursive: true });
  }
  return report;
}

describe('a repository with a full backup and segments', () => {
  it('a repository gives back the database as of any transaction since its first backup', async () => {
    const places = Array.from({ length: campaign.rounds(20, 4) }, () => dice.between(first, last));
    for (const transaction of new Set([first, last, ...places])) await expectMoment(`${transaction}`, transaction);
    await expectMoment('latest', last);
  });

  it('a repository gives back the database as it was at any time', async () => {
    const inOrder = [...times].filter(([id]) => id >= first).sort(([one], [other]) => one - other);
    // Several transactions of one millisecond belong together, and times may go back.
    const newest = Math.max(...inOrder.filter(([id]) => id === first).map(([, time]) => time), baseTime());
    const end = Math.max(...inOrder.map(([, time]) => time));
    for (let round = 0; round < campaign.rounds(8, 3); round++) {
      const time = dice.between(newest, end + 5);
      const later = inOrder.find(([id, committed]) => id > first && committed > time);
      await expectMoment(new Date(time).toISOString(), later === undefined ? last : later[0] - 1);
    }
  });

  it('a copy of a repository, for other recipients or the same, gives back the same moments', async () => {
    const secret = await generateX25519Identity();
    const key = world.path('other-key');
    writeFileSync(key, `${secret}\n`);
    const settings = [
      { name: 'same', recipient: await identityToRecipient(readFileSync(identity, 'utf8').trim()), opens: identity },
      { name: 'other', recipient: await identityToRecipient(secret), opens: key },
    ];
    for (const { name, recipient, opens } of settings) {
      const place = world.path(name);
      await run('repo', 'init', `--repo=${place}`, `--recipients=${recipient}`);
      const copied = await run('copy', repo(), `--to-repo=${place}`, `--identity=${identity}`);
      expect(copied).toMatchObject({ exitCode: 0, bases: 2, faults: [], sealedAnew: name === 'other' });
      const places = Array.from({ length: campaign.rounds(10, 1) }, () => dice.between(first, last));
      for (const transaction of new Set([first, last, ...places]))
        await expectMoment(`${transaction}`, transaction, `--repo=${place}`, opens);
      const read = ['--read', `--identity=${opens}`];
      expect(await run('verify', `--repo=${place}`, ...read)).toMatchObject({ exitCode: 0, bases: 2, faults: [] });
    }
  });

  it('a moment that a repository does not have is an error that says what it has', async () => {
    const to = `--to=${world.path('restored', 'graph.db')}`;
    for (const until of [`${first - 1}`, `${last + 1}`, '2001-01-01T00:00:00Z']) {
      const refused = await run('restore', repo(), `--until=${until}`, `--identity=${identity}`, to);
      expect(refused).toMatchObject({ event: 'error', code: 'repository.not-reached', exitCode: 1 });
      expect(refused.observed).toMatch(
        until === `${last + 1}` ? new RegExp(`${last}$`) : new RegExp(`transaction ${first}`),
      );
    }
    const other = await run('restore', repo(), '--database=other', `--identity=${identity}`, to);
    expect(other).toMatchObject({ event: 'error', code: 'repository.no-backup' });
  });

  it('a repository is not read without its key, nor with another one', async () => {
    const to = `--to=${world.path('restored', 'graph.db')}`;
    const foreign = world.path('foreign');
    writeFileSync(foreign, `${await generateX25519Identity()}\n`);
    expect(await run('restore', repo(), to)).toMatchObject({ code: 'repository.key-missing', exitCode: 12 });
    const wrong = await run('restore', repo(), to, `--identity=${foreign}`);
    expect(wrong).toMatchObject({ code: 'repository.key-wrong', exitCode: 12 });
  });

  it('a repository is whole, as far as names and reading tell', async () => {
    const read = ['--read', `--identity=${identity}`];
    for (const how of [[], read]) {
      expect(await run('verify', repo(), ...how)).toMatchObject({ exitCode: 0, bases: 2, faults: [] });
    }
  });

  it('a repository tells without a key what it has', async () => {
    const info = await run('info', repo());
    expect(info.databases).toMatchObject([
      {
        database: 'graph.db',
        lastTransaction: last,
        ranges: [{ firstTransaction: first, lastTransaction: last }],
        bases: [{ transaction: first }, {}],
        unfinished: [],
      },
    ]);
  });
});

/** The newest commit time in the first backup: earlier moments cannot be had. */
function baseTime(): number {
  return Math.max(...[...times].filter(([id]) => id <= first).map(([, time]) => time));
}
