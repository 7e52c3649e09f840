import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad } from '../support/live/embedded-load.ts';
import { liveContent } from '../support/live/live-content.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';

/*
 * Promise: a backup into a repository, a copy of it, or a restore from one, may be killed at any moment: the next run succeeds at once,
 * what was complete stays, and nothing is left beside the restored database.
 */

const PROGRAM = new URL('../../bin/graphkeep', import.meta.url).pathname;

let root: string;
let database: EmbeddedDatabase;
let listener: BackupListener;
let load: EmbeddedLoad;

beforeAll(async () => {
  root = await makeTemporaryDirectory();
  database = await EmbeddedDatabase.open(join(root, 'live'));
  load = new EmbeddedLoad(database, { seed: nextSeed() });
  await load.run(100);
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
  expect(await run(['repo', 'init', repo(), '--no-encryption'])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await listener.stop();
  await database.close();
  await removeDirectory(root);
});

/** Restores the newest state of a repository, and compares it with the model. */
async function expectNewest(place: string, key?: string): Promise<void> {
  const restored = join(root, 'restored', 'graph.db');
  const back = await run(['restore', place, `--to=${restored}`, ...(key === undefined ? [] : [`--identity=${key}`])]);
  expect(back.code, back.output).toBe(0);
  expect(readdirSync(join(root, 'restored')).filter((name) => name.includes('graphkeep-new'))).toEqual([]);
  const copy = await EmbeddedDatabase.open(restored);
  try {
    expect(findContentDifferences(load.ledger.graphAt().content(), liveContent(copy))).toEqual([]);
  } finally {
    await copy.close();
  }
  rmSync(join(root, 'restored'), { recursive: true });
}

const repo = () => `--repo=${join(root, 'repository')}`;

/** Runs the program; `killAfterMs`: with SIGKILL, if it still runs then. */
async function run(args: string[], killAfterMs?: number): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, XDG_STATE_HOME: join(root, 'state') };
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, 'close');
  if (killAfterMs !== undefined) await Promise.race([sleep(killAfterMs), ended]);
  if (killAfterMs !== undefined) child.kill('SIGKILL');
  const [code] = await ended;
  return { code: code as number | null, output };
}

it('a backup into a repository, a restore from it and a prune may be killed at any moment', async () => {
  const dice = new Dice(nextSeed());
  const { host, port } = listener.address;
  const backup = ['backup', `--from=${host}:${port}`, repo()];
  const restored = join(root, 'restored', 'graph.db');
  const restore = ['restore', repo(), `--to=${restored}`];
  let kills = 0;
  for (let round = 0; round < campaign.rounds(25, 3); round++) {
    await load.run(20);
    const full = round % 3 === 2 ? ['--full'] : [];
    if ((await run([...backup, ...full], dice.between(100, 900))).code === null) kills++;
    const again = await run([...backup, ...full]);
    expect(again.code, again.output).toBe(0);
    if (full.length > 0) {
      const prune = ['prune', repo(), '--keep-last=2', '--confirm'];
      if ((await run(prune, dice.between(100, 500))).code === null) kills++;
      const pruned = await run(prune);
      expect(pruned.code, pruned.output).toBe(0);
    }
    if ((await run([...restore], dice.between(100, 900))).code === null) kills++;
    else rmSync(restored, { recursive: true });
    rmSync(restored, { recursive: true, force: true });
    await expectNewest(repo());
  }
  console.log(`${kills} runs were killed`);
  expect(kills).toBeGreaterThan(0);
  const verified = await run(['verify', repo(), '--read']);
  expect(verified.code, verified.output).toBe(0);
  expect(existsSync(join(root, 'repository', 'lease', 'graph.db.json'))).toBe(false);
});

/** Parts of the files of a database of which this machine has a note that they are stored. */
function countNotedParts(name: string): number {
  const state = join(root, 'state');
  if (!existsSync(state)) return 0;
  const journal = readdirSync(state, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith(`${name}.parts`),
  );
  if (journal === undefined) return 0;
  return Math.max(0, readFileSync(join(state, journal), 'utf8').split('\n').length - 2);
}

async function waitFor(isTrue: () => boolean, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isTrue()) {
    if (isOver) expect.fail('the backup ended too early to be killed');
    await sleep(5);
  }
}

it('a copy of a repository may be killed at any moment, whether or not it is for other recipients', async () => {
  const dice = new Dice(nextSeed());
  const { host, port } = listener.address;
  const secret = await generateX25519Identity();
  const key = join(root, 'key');
  writeFileSync(key, `${secret}\n`);
  const places = { same: join(root, 'copy'), other: join(root, 'encrypted') };
  await run(['repo', 'init', `--repo=${places.same}`, '--no-encryption']);
  await run(['repo', 'init', `--repo=${places.other}`, `--recipients=${await identityToRecipient(secret)}`]);
  await run(['repo', 'init', `--repo=${join(root, 'measured')}`, '--no-encryption']);
  const startedAt = performance.now();
  await run(['copy', repo(), `--to-repo=${join(root, 'measured')}`]);
  const wholeMs = Math.round(performance.now() - startedAt);
  let kills = 0;
  for (let round = 0; round < campaign.rounds(25, 2); round++) {
    await load.run(20);
    expect((await run(['backup', `--from=${host}:${port}`, repo(), ...(round % 4 === 0 ? ['--full'] : [])])).code).toBe(
      0,
    );
    for (const place of [places.same, places.other]) {
      const copy = ['copy', repo(), `--to-repo=${place}`];
      if ((await run(copy, dice.between(Math.floor(wholeMs / 3), wholeMs))).code === null) kills++;
      const again = await run(copy);
      expect(again.code, again.output).toBe(0);
      expect((await run(copy)).output).toContain('nothing new');
      const read = ['verify', `--repo=${place}`, '--read', ...(place === places.other ? [`--identity=${key}`] : [])];
      const verified = await run(read);
      expect(verified.code, verified.output).toBe(0);
      await expectNewest(`--repo=${place}`, place === places.other ? key : undefined);
    }
  }
  expect(kills).toBeGreaterThan(0);
  for (const place of [places.same, places.other])
    expect(existsSync(join(place, 'lease', 'graph.db.json'))).toBe(false);
});

it('a full backup that was killed goes on with the objects that it had stored', async () => {
  for (let text = 10; text < 60; text++) {
    const tx = database.begin();
    tx.createNode([], { text: { type: 'string', value: String(text).repeat(400_000) } });
    await tx.commit();
  }
  const { host, port } = listener.address;
  const child = spawn(process.execPath, [PROGRAM, 'backup', `--from=${host}:${port}`, repo(), '--database=large'], {
    env: { ...process.env, XDG_STATE_HOME: join(root, 'state') },
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  await waitFor(() => countNotedParts('large') > 0, ended);
  child.kill('SIGKILL');
  await ended;
  const again = await run(['backup', `--from=${host}:${port}`, repo(), '--database=large']);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toMatch(/Goes on with the full backup that was interrupted: \d+ objects/);
  const verified = await run(['verify', repo(), '--database=large', '--read']);
  expect(verified.code, verified.output).toBe(0);
});
