import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { EmbeddedLoad } from '../support/live/embedded-load.ts';
import { liveContent } from '../support/live/live-content.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';

/*
 * Promise: a drill that ends with exit code 0 has restored the database as it was, and found it consistent; whatever is wrong with the
 * repository or the key ends it with another code; the repository remembers what came of it; and nothing of it stays on this machine, also
 * if it is interrupted. What a killed drill leaves is removed by the next one.
 */

const PROGRAM = new URL('../../bin/graphkeep', import.meta.url).pathname;

let world: World;
let database: EmbeddedDatabase;
let listener: BackupListener;
let load: EmbeddedLoad;
let identity: string;
let foreign: string;
let last: number;

const run = (args: string[]) => runJson(world, args);
const repo = (name = 'repository') => `--repo=${world.path(name)}`;
const scratch = () => `--scratch=${world.path('scratch')}`;
const withKey = () => [`--identity=${identity}`, scratch()];
const drill = (...more: string[]) => run(['drill', repo(), ...withKey(), ...more]);

async function backUp(...more: string[]): Promise<Line & { exitCode: number }> {
  const { host, port } = listener.address;
  return await run(['backup', `--from=${host}:${port}`, repo(), ...more]);
}

/** What `info` says of the database, and the codes of its warnings. */
async function info(name?: string): Promise<{ database: Line; warnings: unknown[] }> {
  const told = await run(['info', repo(name)]);
  const notes = told.notes as { code: string }[];
  return { database: (told.databases as Line[])[0]!, warnings: notes.map(({ code }) => code) };
}

const copyRepository = (name: string) => cpSync(world.path('repository'), world.path(name), { recursive: true });

/** Files of a repository, relative to it. */
const filesOf = (name: string) => readdirSync(world.path(name), { recursive: true, encoding: 'utf8' }).sort();

beforeAll(async () => {
  world = await World.create();
  mkdirSync(world.path('scratch'));
  database = await EmbeddedDatabase.open(world.path('live'), { rotationBytes: 200_000, checkPointTransactions: 150 });
  await database.createIndex('Thing', ['name']);
  load = new EmbeddedLoad(database, { seed: nextSeed() });
  await load.run(80);
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
  const secret = await generateX25519Identity();
  identity = world.path('key');
  writeFileSync(identity, `${secret}\n`);
  foreign = world.path('foreign');
  writeFileSync(foreign, `${await generateX25519Identity()}\n`);
  const made = await run(['repo', 'init', repo(), `--recipients=${await identityToRecipient(secret)}`]);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  for (const transactions of [30, 30, 0]) {
    const backup = await backUp();
    expect(backup, JSON.stringify(backup)).toMatchObject({ exitCode: 0 });
    last = backup.lastTransaction as number;
    await load.run(transactions);
  }
});
afterEach(() => {
  expect(readdirSync(world.path('scratch'))).toEqual([]);
});
afterAll(async () => {
  await listener.stop();
  await database.close();
  await world.close();
});

describe('a drill', () => {
  it('a drill of a sound repository says what it has restored, and info remembers it', async () => {
    expect((await info()).warnings).toEqual(['never-drilled', 'key-never-proved']);
    const report = await drill();
    const { nodes, relationships } = liveContent(database);
    expect(report, JSON.stringify(report)).toMatchObject({
      event: 'report',
      exitCode: 0,
      consistent: true,
      transaction: last,
      nodes: [...nodes].length,
      relationships: [...relationships].length,
      errors: 0,
      findings: [],
      notes: [],
    });
    const { database: told, warnings } = await info();
    expect(warnings).toEqual([]);
    expect(told).toMatchObject({
      drill: { result: 'sound', transaction: last, moment: 'latest', base: report.base },
      keyProved: {},
    });
  });

  it('a drill of an object that was changed, or is missing, ends with exit code 14, and info warns', async () => {
    copyRepository('harmed');
    const part = filesOf('harmed').find((name) => /\/data\/.*\.age$/.test(name))!;
    const path = world.path('harmed', part);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const changed = await run(['drill', repo('harmed'), ...withKey()]);
    expect(changed).toMatchObject({ event: 'error', code: 'repository.object-damaged', exitCode: 14 });
    expect((await info('harmed')).warnings).toEqual(['drill-failed']);
    rmSync(path);
    const missing = await run(['drill', repo('harmed'), ...withKey()]);
    expect(missing).toMatchObject({ event: 'error', code: 'object.missing', exitCode: 14 });
    expect((await info('harmed')).database).toMatchObject({ drill: { result: 'failed', failure: 'object.missing' } });
  });

  it('a drill without the right key ends with exit code 12, and says nothing against the repository', async () => {
    copyRepository('locked');
    const before = filesOf('locked');
    const missing = await run(['drill', repo('locked'), scratch()]);
    expect(missing).toMatchObject({ event: 'error', code: 'repository.key-missing', exitCode: 12 });
    const wrong = await run(['drill', repo('locked'), scratch(), `--identity=${foreign}`]);
    expect(wrong).toMatchObject({ event: 'error', code: 'repository.key-wrong', exitCode: 12 });
    expect(filesOf('locked')).toEqual(before);
  });

  it('a drill of an inconsistent database ends with exit code 3 and the findings, and info warns', async () => {
    const lab = await CorruptionLab.open();
    try {
      const directory = lab.apply(loadCorruptions().find(({ id }) => id === 'base35/rel-06')!);
      await run(['repo', 'init', repo('bad'), '--no-encryption']);
      const made = await run(['backup', `--from=file:${directory}`, repo('bad')]);
      expect(made, JSON.stringify(made)).toMatchObject({ exitCode: 0 });
    } finally {
      await lab.close();
    }
    const report = await run(['drill', repo('bad'), scratch()]);
    expect(report, JSON.stringify(report)).toMatchObject({ event: 'report', exitCode: 3, consistent: false });
    expect(report.errors).toBeGreaterThan(0);
    expect((report.findings as Line[])[0]).toMatchObject({ severity: 'error' });
    expect(await info('bad')).toMatchObject({
      database: { drill: { result: 'inconsistent' } },
      warnings: ['drill-failed'],
    });
  });

  it('a drill that is interrupted leaves nothing', async () => {
    const interrupt = new AbortController();
    const stdout = (text: string) => {
      if (text.includes('"phase":"checking"')) interrupt.abort('SIGINT');
      output += text;
    };
    let output = '';
    const { runBackup: _, ...given } = world.context();
    const context = { ...given, stdout, signal: interrupt.signal };
    expect(await runGraphkeep(['drill', repo(), ...withKey(), '--json'], context)).toBe(130);
    expect(output).toContain('"code":"cancelled"');
  });

  it('two drills at the same time do not disturb each other', async () => {
    const [one, other] = await Promise.all([drill(), drill(`--until=${last - 1}`)]);
    expect([one.exitCode, other.exitCode]).toEqual([0, 0]);
    expect([one.transaction, other.transaction]).toEqual([last, last - 1]);
  });

  it('what a killed drill leaves is removed by the next one', async () => {
    const places = () =>
      readdirSync(world.path('scratch')).filter((name) => /^graphkeep-drill-[0-9a-f]{8}$/.test(name));
    let left = 0;
    for (let attempt = 0; attempt < 20 && left === 0; attempt++) {
      const child = spawn(process.execPath, [PROGRAM, 'drill', repo(), ...withKey()], { stdio: 'ignore' });
      const ended = once(child, 'close');
      while (child.exitCode === null && places().length === 0) await sleep(2);
      child.kill('SIGKILL');
      await ended;
      left = places().length;
    }
    expect(left).toBe(1);
    expect(readdirSync(world.path('scratch')).length).toBe(2);
    expect(await drill()).toMatchObject({ exitCode: 0 });
  });

  it('a drill may be killed at any moment', async () => {
    const dice = new Dice(nextSeed());
    for (let round = 0; round < campaign.rounds(10, 2); round++) {
      const child = spawn(process.execPath, [PROGRAM, 'drill', repo(), ...withKey()], { stdio: 'ignore' });
      const ended = once(child, 'close');
      await Promise.race([sleep(dice.between(50, 1500)), ended]);
      child.kill('SIGKILL');
      await ended;
      expect(await drill()).toMatchObject({ exitCode: 0, transaction: last, notes: [] });
      expect(readdirSync(world.path('scratch'))).toEqual([]);
      expect((await info()).warnings).toEqual([]);
    }
  });
});

describe('a backup with a drill', () => {
  it('a backup that is followed by a drill reports both', async () => {
    await load.run(5);
    const report = await backUp('--drill', ...withKey());
    expect(report, JSON.stringify(report)).toMatchObject({ event: 'report', kind: 'incremental', exitCode: 0 });
    last = report.lastTransaction as number;
    expect(report.drill).toMatchObject({ consistent: true, transaction: last, database: 'graph.db' });
  });

  it('what a drill lacks is said before the backup begins', async () => {
    const before = filesOf('repository');
    const refused = async (...options: string[]) => {
      const answer = await backUp(...options);
      expect(answer).toMatchObject({ event: 'error', code: 'usage', exitCode: 1 });
      return answer.message;
    };
    expect(await refused('--drill')).toMatch(/--drill needs --identity/);
    expect(await refused(scratch())).toMatch(/give --drill too/);
    const directory = await run(['backup', `--to=${world.path('x')}`, '--drill']);
    expect(directory).toMatchObject({ code: 'usage', message: expect.stringContaining('give --repo too') });
    expect(filesOf('repository')).toEqual(before);
  });

  it('a backup whose drill fails is there, and that is said', async () => {
    await load.run(5);
    const failed = await backUp('--drill', `--identity=${foreign}`, scratch());
    expect(failed).toMatchObject({ event: 'error', code: 'repository.key-wrong', exitCode: 12 });
    expect(failed.notes).toMatchObject([{ code: 'drill-after-backup-failed' }]);
    const { database: told } = await info();
    expect(told.lastTransaction).toBeGreaterThan(last);
  });
});

describe('a key', () => {
  it('a key check says whether an identity opens the newest full backups', async () => {
    copyRepository('keys');
    for (const name of filesOf('keys').filter((file) => /\.(key|proof)\./.test(file)))
      rmSync(join(world.path('keys'), name));
    const check = (file: string) => run(['key', 'check', repo('keys'), `--identity=${file}`]);
    expect(await check(foreign)).toMatchObject({ event: 'report', opens: false, exitCode: 12 });
    expect((await info('keys')).warnings).toContain('key-never-proved');
    expect(await check(identity)).toMatchObject({ opens: true, databases: [{ opens: true }], exitCode: 0 });
    expect((await info('keys')).warnings).not.toContain('key-never-proved');
    expect(await run(['key', 'check', repo('keys')])).toMatchObject({ code: 'repository.key-missing', exitCode: 12 });
    expect(await run(['key', 'lose', repo('keys')])).toMatchObject({ code: 'usage' });
  });

  it('a repository that is not encrypted needs no key', async () => {
    await run(['repo', 'init', repo('open'), '--no-encryption']);
    expect(await run(['key', 'check', repo('open')])).toMatchObject({ encrypted: false, opens: true, exitCode: 0 });
  });
});

describe('a hold', () => {
  it('a full backup that is held stays until it is released, and info says why', async () => {
    copyRepository('held');
    const { host, port } = listener.address;
    for (let round = 0; round < 3; round++) {
      await run(['backup', `--from=${host}:${port}`, repo('held'), '--full']);
    }
    const basesOf = async () => ((await info('held')).database.bases as { id: string }[]).map(({ id }) => id);
    const bases = await basesOf();
    expect(bases).toHaveLength(4);
    const base = `--base=${bases[0]}`;
    const held = await run(['hold', repo('held'), base, '--reason=before the migration']);
    expect(held).toMatchObject({ event: 'report', held: true, changed: true, base: bases[0] });
    expect((await info('held')).database.holds).toMatchObject([{ base: bases[0], reason: 'before the migration' }]);
    const prune = () => run(['prune', repo('held'), '--keep-last=1', '--confirm']);
    expect((await prune()).bases).toMatchObject([{ kept: true, reasons: ['held'] }, { kept: false }, {}, {}]);
    expect(await basesOf()).toEqual([bases[0], bases[2], bases[3]]);
    expect(await run(['release', repo('held'), base])).toMatchObject({ held: false, changed: true });
    expect(await run(['release', repo('held'), base])).toMatchObject({ held: false, changed: false });
    await prune();
    expect(await basesOf()).toEqual(bases.slice(2));
    expect(filesOf('held').filter((name) => name.includes(bases[0]!))).toEqual([]);
    expect(await run(['hold', repo('held'), base])).toMatchObject({ code: 'repository.no-backup', exitCode: 1 });
    const long = await run(['hold', repo('held'), `--base=${bases[2]}`, `--reason=${'x'.repeat(1001)}`]);
    expect(long).toMatchObject({ code: 'usage' });
  });
});

describe('a look at a repository', () => {
  it('what verify has found is remembered, for the bases that have the faults', async () => {
    copyRepository('looked');
    for (const name of filesOf('looked').filter((file) => file.endsWith('/mark')))
      rmSync(world.path('looked', name), { recursive: true });
    expect((await info('looked')).database.verified).toBeUndefined();
    await run(['verify', repo('looked')]);
    expect((await info('looked')).database.verified).toMatchObject({ read: false, bases: 1, faultCount: 0 });
    expect((await info('looked')).warnings).toContain('key-never-proved');
    await run(['verify', repo('looked'), '--read', `--identity=${identity}`]);
    expect((await info('looked')).database.verified).toMatchObject({ read: true, faultCount: 0 });
    // All of it was decrypted.
    expect((await info('looked')).warnings).not.toContain('key-never-proved');
    await run(['verify', repo('looked'), '--read=30%', `--identity=${identity}`]);
    expect((await info('looked')).database.verified).toMatchObject({ read: false, readPercent: 30, faultCount: 0 });
    for (const share of ['0%', '101%', '5', '', '1.5%', '-1%', '1e1%']) {
      const refused = await run(['verify', repo('looked'), `--read=${share}`, `--identity=${identity}`]);
      expect(refused, share).toMatchObject({ code: 'usage', exitCode: 1 });
    }
    const segments = filesOf('looked').filter((name) => /^db\/[^/]+\/[^/]+\/log\/.*\.tar/.test(name));
    rmSync(world.path('looked', segments[0]!));
    expect(await run(['verify', repo('looked')])).toMatchObject({ exitCode: 14, faultCount: 1 });
    expect((await info('looked')).database.verified).toMatchObject({ read: false, faultCount: 1 });
  });

  it('where results cannot be recorded, they are told all the same', async () => {
    copyRepository('full');
    const [marks] = filesOf('full').filter((name) => name.endsWith('/mark'));
    rmSync(world.path('full', marks!), { recursive: true });
    writeFileSync(world.path('full', marks!), 'something else');
    for (const command of [['verify'], ['drill', ...withKey()], ['key', 'check', `--identity=${identity}`]]) {
      const told = await run([...command, repo('full')]);
      expect(told, JSON.stringify(told)).toMatchObject({ event: 'report', exitCode: 0 });
      expect(told.notes).toMatchObject([{ code: 'result-not-recorded' }]);
    }
    const base = `--base=${((await info('full')).database.bases as { id: string }[])[0]!.id}`;
    expect(await run(['hold', repo('full'), base])).toMatchObject({ event: 'error', exitCode: 1 });
  });
});
