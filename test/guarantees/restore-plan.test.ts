import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { hashTree } from '../support/commands/backup-attempt.ts';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { canMount, SmallDisk } from '../support/faults/small-disk.ts';
import { DirectoryWatch } from '../support/live/directory-watch.ts';
import { GrowingDatabase } from '../support/modern/growing-database.ts';
import { lockFile } from '../support/stores/locked-file.ts';

/*
 * Promise: restore --plan changes nothing, neither in the repository nor at the place of the database. Where it finds nothing, the restore
 * succeeds and reads what was said; what it finds is what the restore fails with, and so is its exit code.
 */

type Plan = Line & { problems: Line[] };

let world: World;
let key: string;
let folder: string;
/** Transactions of the backups, ascending. */
let points: number[];
let watch: DirectoryWatch | undefined;

const run = (...args: string[]) => runJson(world, args);
const repo = () => `--repo=${folder}`;
const planOf = (line: Line): Plan => line.plan as Plan;

async function succeed(...args: string[]): Promise<Line> {
  const made = await run(...args);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  return made;
}

/** A full backup and two pieces of log after it, of each generation. */
const generations = {
  'a database of 3.5': {
    database: 'graph.db',
    placeIn: (to: string) => to,
    async make(): Promise<void> {
      const database = await EmbeddedDatabase.open(world.path('live'));
      for (let backup = 0; backup < 3; backup++) {
        await database.transact((tx) => tx.createNode(['Item'], {}));
        points.push(database.lastTransaction);
        await succeed('backup', `--from=file:${database.directory}`, repo());
      }
      await database.close();
    },
  },
  'a database of 5.26': {
    database: 'neo4j',
    placeIn: (to: string) => join(to, 'databases', 'neo4j'),
    async make(): Promise<void> {
      const database = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('servers'));
      const ids = database.transactions.map(({ id }) => id);
      points = [ids[0]!, ids[5]!, ids.at(-1)!];
      for (const point of points) {
        database.endAt(point);
        await succeed('backup', `--from=file:${database.home}`, repo());
      }
    },
  },
} as const;

beforeEach(async () => {
  world = await World.create();
  const secret = await generateX25519Identity();
  key = world.path('key');
  writeFileSync(key, `${secret}\n`);
  folder = world.path('repository');
  points = [];
  await succeed('repo', 'init', repo(), `--recipients=${await identityToRecipient(secret)}`);
});
afterEach(async () => {
  await watch?.end();
  watch = undefined;
  await world.close();
});

describe.each(Object.keys(generations) as (keyof typeof generations)[])('%s', (name) => {
  const { database, placeIn, make } = generations[name];
  const to = () => world.path('target', 'data');
  const place = () => placeIn(to());
  const moment = (...more: string[]) => [
    'restore',
    repo(),
    `--database=${database}`,
    `--to=${to()}`,
    `--identity=${key}`,
    ...more,
  ];

  beforeEach(async () => {
    await make();
    mkdirSync(world.path('target'));
  });

  /** The plan, which changes nothing. */
  async function plan(...args: string[]): Promise<Line & { exitCode: number }> {
    const before = hashTree(world.root);
    watch = new DirectoryWatch(world.root);
    const told = await run(...args, '--plan');
    expect(await watch.end()).toEqual([]);
    watch = undefined;
    expect(hashTree(world.root)).toBe(before);
    return told;
  }

  /** Plan and restore fail with the same code, and the restore leaves what was there. */
  async function expectSame(code: string, exitCode: number, args = moment()): Promise<Plan> {
    const told = await plan(...args);
    expect(told).toMatchObject({ event: 'report', exitCode, plan: { works: false } });
    expect(planOf(told).problems[0]).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) });
    expect(await run(...args)).toMatchObject({ event: 'error', code, exitCode });
    return planOf(told);
  }

  it('what is told of any moment comes true', async () => {
    for (const transaction of [...points, points[1]! - 1].sort((a, b) => a - b)) {
      const args = moment(`--until=${transaction}`, '--force');
      const told = await plan(...args);
      expect(told).toMatchObject({ exitCode: 0, plan: { works: true, lastTransaction: transaction, problems: [] } });
      const { firstTransaction, baseTransaction, exists } = planOf(told);
      expect(baseTransaction).toBe(points[0]);
      expect(firstTransaction).toBe(transaction === points[0] ? undefined : points[0]! + 1);
      expect(exists).toBe(existsSync(place()));
      const restored = await succeed(...args);
      for (const field of ['database', 'directory', 'base', 'files', 'bytes', 'needsRecovery'])
        expect(restored[field], field).toBe(told[field]);
      expect(restored.transaction).toBe(transaction);
      if (restored.writtenBy !== undefined) expect(told.writtenBy).toBe(restored.writtenBy);
    }
  });

  it('later moments need more objects, and no more than the repository has', async () => {
    const plans = [];
    for (const point of points) plans.push(planOf(await plan(...moment(`--until=${point}`))));
    const numbers = plans.map(({ objects }) => objects as number);
    expect(numbers.map((count) => count - numbers[0]!)).toEqual([0, 1, 2]);
    const stored = readdirSync(folder, { recursive: true, withFileTypes: true });
    const data = stored.filter((entry) => entry.isFile() && /\.(age|zst)$/.test(entry.name));
    expect(numbers.at(-1)).toBe(data.length);
  });

  it('a time says how far it is looked for', async () => {
    const told = await plan(...moment('--until=2100-01-01T00:00:00Z'));
    expect(planOf(told)).toMatchObject({ works: true, lastTransaction: points[2] });
    const early = await run(...moment('--until=2001-01-01T00:00:00Z', '--plan'));
    expect(early).toMatchObject({ event: 'error', code: 'repository.not-reached', exitCode: 1 });
  });

  it('a place that is taken fails, unless it may be replaced', async () => {
    await succeed(...moment());
    const refused = await expectSame('database.exists', 1);
    expect(refused).toMatchObject({ exists: true });
    expect(planOf(await plan(...moment('--force')))).toMatchObject({ works: true, exists: true });
  });

  it.runIf(process.platform === 'linux')('a place that a server works in fails', async () => {
    await succeed(...moment());
    const lock = await lockFile(join(dirname(place()), 'store_lock'));
    const told = await expectSame('directory.in-use', 1, moment('--force'));
    await lock.release();
    expect(told).toMatchObject({ inUse: true });
    expect(planOf(await plan(...moment('--force')))).toMatchObject({ works: true, inUse: false });
  });

  it('a key that is missing or wrong fails', async () => {
    const without = moment().filter((argument) => !argument.startsWith('--identity'));
    await expectSame('repository.key-missing', 12, without);
    writeFileSync(key, `${await generateX25519Identity()}\n`);
    await expectSame('repository.key-wrong', 12);
  });

  const stored = (form: RegExp) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => form.test(path))
      .sort()
      .map((path) => join(folder, path));

  it.each<[string, RegExp]>([
    ['an object of the full backup', /\/base\/.*\/data\/.*\.age$/],
    ['an index', /\/base\/[^/]+\/index[^/]*$/],
  ])('%s that is missing or was cut off fails', async (_, form) => {
    const [path] = stored(form);
    truncateSync(path!, 40);
    const cut = await plan(...moment());
    expect(cut).toMatchObject({ exitCode: 14, plan: { works: false } });
    expect(await run(...moment())).toMatchObject({ event: 'error', exitCode: 14 });
    rmSync(path!);
    await expectSame('object.missing', 14);
  });

  it('without a piece of the log an earlier moment is the latest one', async () => {
    const pieces = stored(/\/[^/]+\/log\/[^/]+\.age$/).filter((path) => !path.includes('/base/'));
    rmSync(pieces.at(-1)!);
    expect(planOf(await plan(...moment()))).toMatchObject({ works: true, lastTransaction: points[1] });
    const gone = await run(...moment(`--until=${points[2]}`, '--plan'));
    expect(gone).toMatchObject({ event: 'error', code: 'repository.not-reached' });
  });

  it.runIf(canMount)('a disk without room fails', async () => {
    mkdirSync(to());
    const disk = new SmallDisk(to());
    disk.mount('size=1m');
    try {
      disk.fillUp(8192);
      const told = await run(
        ...moment('--plan'),
        ...(name === 'a database of 3.5' ? [`--to=${join(to(), 'db')}`] : []),
      );
      expect(planOf(told)).toMatchObject({ works: false, problems: [{ code: 'file.io' }] });
      expect(planOf(told).problems[0]!.message).toContain('not enough room');
    } finally {
      disk.unmount();
    }
  });
});

it('a plan is for repositories', async () => {
  const refused = await run('restore', `--from=${world.path('backup')}`, '--plan');
  expect(refused).toMatchObject({ event: 'error', code: 'usage' });
});

it('a plan for people says all of it in lines', async () => {
  await generations['a database of 5.26'].make();
  world.stdout = '';
  const args = ['restore', repo(), '--database=neo4j', `--identity=${key}`, `--to=${world.path('data')}`, '--plan'];
  expect(await runGraphkeep(args, world.context())).toBe(0);
  const lines = world.stdout.trimEnd().split('\n');
  expect(lines[0]).toBe(
    `neo4j: would restore the state as of transaction ${points[2]} to ${world.path('data', 'databases', 'neo4j')}`,
  );
  const names = lines.slice(1, -1).map((line) => line.slice(2, 15).trim());
  expect(names).toEqual(['full backup', 'log', 'fetch', 'room', 'opens with', 'target', 'owner']);
  expect(lines.at(-1)).toBe('Nothing is known that would make it fail');
  mkdirSync(world.path('data', 'databases', 'neo4j'), { recursive: true });
  world.stdout = '';
  expect(await runGraphkeep(args, world.context())).toBe(1);
  expect(world.stdout).toMatch(
    /\n {2}problem {6}Database with name \[neo4j\] already exists.*--force.*\nIt would fail\n$/,
  );
});
