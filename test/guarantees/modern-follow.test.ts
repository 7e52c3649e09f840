import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLogFiles, logFileName } from '../../src/log/log-files.ts';
import { FollowRun } from '../support/commands/follow-run.ts';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { filesOf, GrowingDatabase, logsOf } from '../support/modern/growing-database.ts';
import { expectedLog, modernDatabases } from '../support/modern/modern-corpus.ts';
import { expectCut } from '../support/modern/restored-log.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';

/*
 * Promise: a repository that follows a database of 4.2 or later has every transaction, whatever the server removes of its log; it goes on
 * when the server is restarted, and notices when the database is another one.
 */

let world: World;
let dice: Dice;
let followed: FollowRun[];

beforeEach(async () => {
  world = await World.create();
  dice = new Dice(nextSeed());
  followed = [];
  await succeed('repo', 'init', repo(), '--no-encryption');
});
afterEach(async () => {
  for (const each of followed) await each.stop();
  await world.close();
});

const repo = (name = 'repository') => `--repo=${world.path(name)}`;

async function succeed(...args: string[]): Promise<Line> {
  const made = await runJson(world, args);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  return made;
}

function follow(home: string, ...more: string[]): FollowRun {
  const run = new FollowRun(world, [`--from=file:${home}`, repo(), '--follow=100ms', ...more]);
  followed.push(run);
  return run;
}

/** A database whose log ends behind an early transaction. Where the log is whole, no check point needs it to be longer. */
async function unpack(name: (typeof modernDatabases)[number]): Promise<{ database: GrowingDatabase; ids: number[] }> {
  const checkPoints = expectedLog(name, 'databases').files[0]!.header.ver > 0;
  const database = await GrowingDatabase.unpack(name, world.path('servers'), { checkPoints });
  const ids = database.transactions.map(({ id }) => id);
  database.endAt(ids[3]!);
  return { database, ids };
}

async function expectRestored(database: GrowingDatabase, transaction: number, from = repo()): Promise<void> {
  const to = world.path(`restored-${transaction}`);
  const options = ['--database=neo4j', `--until=${transaction}`, `--to=${to}`, '--force'];
  expect(await succeed('restore', from, ...options)).toMatchObject({ transaction });
  expectCut(to, database, transaction);
}

describe.each([...modernDatabases])('%s', (name) => {
  it('every transaction comes, though the server keeps no log', async () => {
    const { database, ids } = await unpack(name);
    const run = follow(database.home);
    expect(await run.reach(ids[3]!)).toMatchObject({ kind: 'full', database: 'neo4j' });
    const files = [...new Set(database.transactions.map(({ end }) => end[0]))];
    // The last one of each file, so that what is removed is what is not stored yet.
    const steps = files.map((file) => database.transactions.findLast(({ end }) => end[0] === file)!.id);
    for (const step of [dice.pick(ids.slice(5, 10)), ...steps.filter((id) => id > ids[10]!)]) {
      database.growTo(step);
      database.prune();
      expect(await run.reach(step)).toMatchObject({ kind: 'incremental' });
    }
    const last = ids.at(-1)!;
    const isLast = ({ following }: Line) => (following as Line).lastTransaction === last;
    expect(await run.state(isLast)).toMatchObject({
      following: { database: 'neo4j', transactionsBehind: 0, behindMs: 0 },
      others: [],
    });
    expect(await run.stop()).toMatchObject({
      exitCode: 0,
      kind: 'followed',
      fullBackups: 1,
      lastTransaction: last,
      others: [],
    });
    for (const transaction of [dice.pick(ids.slice(3)), last]) await expectRestored(database, transaction);
    expect(await succeed('verify', repo(), '--read')).toMatchObject({ faultCount: 0 });
  });
});

describe('a database of 5.26', () => {
  let database: GrowingDatabase;
  let ids: number[];

  beforeEach(async () => {
    ({ database, ids } = await unpack('5.26.30-fuzzy'));
  });

  it('what a killed server leaves half written is cut off, and the backup goes on', async () => {
    const run = follow(database.home);
    await run.reach(ids[3]!);
    database.growTo(ids[20]!, 7);
    await run.reach(ids[19]!);
    const [version, start] = database.transactions[20]!.start;
    truncateSync(join(logsOf(database.data), logFileName(version)), start);
    database.growTo(ids.at(-1)!);
    await run.reach(ids.at(-1)!);
    expect(await run.stop()).toMatchObject({ exitCode: 0, fullBackups: 1 });
    await expectRestored(database, ids.at(-1)!);
  });

  it('a program that is stopped and started again goes on where it was', async () => {
    const first = follow(database.home);
    await first.reach(ids[3]!);
    expect(await first.stop()).toMatchObject({ exitCode: 0, fullBackups: 1, incrementalBackups: 0 });
    database.growTo(ids[30]!);
    const second = follow(database.home, '--no-fallback-to-full');
    expect(await second.reach(ids[30]!)).toMatchObject({ kind: 'incremental' });
    database.growTo(ids.at(-1)!);
    await second.reach(ids.at(-1)!);
    expect(await second.stop()).toMatchObject({ exitCode: 0, fullBackups: 0 });
    await expectRestored(database, ids[35]!);
  });

  it('a state of transactions that wait is told in seconds and transactions', async () => {
    const run = follow(database.home, '--follow=1h');
    await run.reach(ids[3]!);
    database.growTo(ids[13]!);
    const { following } = await run.state((line) => (line.following as Line).transactionsBehind === 10);
    expect(following).toMatchObject({ lastTransaction: ids[3], behindMs: expect.any(Number) });
    expect((following as Line).behindMs).toBeGreaterThan(0);
    expect(await run.stop()).toMatchObject({ lastTransaction: ids[3] });
  });

  it.each([
    ['the database is replaced', (other: string) => renameBoth(other, database.data)],
    [
      'the log files are replaced in their directory',
      (other: string) => replaceFiles(logsOf(other), logsOf(database.data)),
    ],
  ])('%s: a full backup begins another history', async (_, replace) => {
    const run = follow(database.home);
    await run.reach(ids[3]!);
    database.growTo(ids[40]!);
    await run.reach(ids[40]!);
    replace(await olderCopy(30));
    const made = await run.next(({ event, kind }) => event === 'followed' && kind === 'full');
    expect(made).toMatchObject({ lastTransaction: ids[30] });
    expect((made.fallback as Line).reason).toContain('does not have transaction');
    database.growTo(ids[50]!);
    await run.reach(ids[50]!);
    expect(await run.stop()).toMatchObject({ exitCode: 0, fullBackups: 2 });
    await expectRestored(database, ids[45]!);
  });

  it('a replaced database ends it if a full backup is not allowed', async () => {
    database.growTo(ids[40]!);
    await succeed('backup', `--from=file:${database.home}`, repo());
    const run = follow(database.home, '--no-fallback-to-full');
    await run.next(({ event }) => event === 'followed');
    renameBoth(await olderCopy(30), database.data);
    expect(await run.ended).toMatchObject({ event: 'error', code: 'peer.behind' });
  });

  it('a full backup that somebody makes beside it is in the same history', async () => {
    const run = follow(database.home);
    await run.reach(ids[3]!);
    database.growTo(ids[30]!);
    await run.reach(ids[30]!);
    await succeed('backup', `--from=file:${database.home}`, repo(), '--full');
    database.growTo(ids.at(-1)!);
    await run.reach(ids.at(-1)!);
    expect(await run.stop()).toMatchObject({ exitCode: 0, fullBackups: 1 });
    const { databases } = (await succeed('list', repo())) as { databases: { timelines: { bases: object[] }[] }[] };
    expect(databases).toMatchObject([{ timelines: [{ bases: [{}, {}] }] }]);
    for (const transaction of [ids[20]!, ids[40]!]) await expectRestored(database, transaction);
  });

  it('a database that is away for a while is waited for', async () => {
    const run = follow(database.home);
    await run.reach(ids[3]!);
    renameSync(filesOf(database.data), `${filesOf(database.data)}-away`);
    expect(await run.next(({ code }) => code === 'follow-interrupted')).toMatchObject({ database: 'neo4j' });
    renameSync(`${filesOf(database.data)}-away`, filesOf(database.data));
    await run.next(({ event }) => event === 'follow-resumed');
    database.growTo(ids.at(-1)!);
    await run.reach(ids.at(-1)!);
    expect(await run.stop()).toMatchObject({ exitCode: 0, fullBackups: 1 });
  });

  /** Another data directory with an older state of the same database. */
  async function olderCopy(step: number): Promise<string> {
    const older = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('older'), { checkPoints: false });
    older.endAt(ids[step]!);
    return older.data;
  }
});

describe('several at once', () => {
  let database: GrowingDatabase;
  let ids: number[];

  beforeEach(async () => {
    ({ database, ids } = await unpack('2026.08.1-fuzzy'));
    for (const kind of ['databases', 'transactions']) {
      cpSync(join(database.data, kind, 'neo4j'), join(database.data, kind, 'system'), { recursive: true });
    }
    await succeed('repo', 'init', repo('second'), '--no-encryption');
  });

  it('the database of the users and system are followed, each into all repositories', async () => {
    const run = follow(database.home, repo('second'));
    await run.reach(ids[3]!, 'system');
    database.growTo(ids.at(-1)!);
    const isLast = ({ event, lastTransaction, directory }: Line) =>
      event === 'followed' && lastTransaction === ids.at(-1) && String(directory).includes('second');
    await run.next(isLast);
    const isUpToDate = ({ following, others }: Line) =>
      [following as Line, ...(others as Line[])].filter((one) => one.lastTransaction === ids.at(-1)).length === 2;
    const { others } = (await run.state(isUpToDate)) as { others: Line[] };
    expect(others.map(({ database: name }) => name)).toEqual(['neo4j', 'system', 'system']);
    const report = await run.stop();
    expect(report).toMatchObject({ exitCode: 0, kind: 'followed', lastTransaction: ids.at(-1), fullBackups: 1 });
    expect(report.others).toMatchObject([
      { database: 'neo4j', lastTransaction: ids.at(-1), fullBackups: 1, incrementalBackups: 1 },
      { database: 'system', lastTransaction: ids[3], fullBackups: 1, incrementalBackups: 0 },
      { database: 'system', lastTransaction: ids[3] },
    ]);
    for (const name of ['repository', 'second']) await expectRestored(database, ids.at(-1)!, repo(name));
  });

  it('what only a person can mend ends all of them', async () => {
    await succeed('backup', `--from=file:${database.home}`, repo());
    const run = follow(database.home, '--no-fallback-to-full');
    await run.reach(ids[3]!, 'system');
    truncateSync(join(database.data, 'transactions', 'system', logFileName(0)), database.transactions[2]!.start[1]);
    const ended = await run.ended;
    expect(ended).toMatchObject({ event: 'error', code: 'peer.behind' });
    expect(JSON.stringify(ended.attempts)).toContain('system');
  });

  it('a stop before each has a backup is an interruption', async () => {
    const run = follow(database.home);
    await run.next(({ event, database: name }) => event === 'followed' && name === 'neo4j');
    expect(await run.stop()).toMatchObject({ event: 'error', code: 'cancelled' });
  });
});

function renameBoth(from: string, to: string): void {
  for (const place of [filesOf, logsOf]) {
    renameSync(place(to), `${place(to)}-old`);
    renameSync(place(from), place(to));
  }
}

function replaceFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(to)) rmSync(join(to, name));
  for (const name of readdirSync(from)) cpSync(join(from, name), join(to, name));
  expect(listLogFiles(to).files.length).toBeGreaterThan(0);
}
