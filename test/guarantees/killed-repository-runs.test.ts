import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
 * Promise: a backup into a repository, or a restore from one, may be killed at any moment: the next run succeeds at once, what was complete
 * stays, and nothing is left beside the restored database.
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

const repo = () => `--repo=${join(root, 'repository')}`;

/** Runs the program; `killAfterMs`: with SIGKILL, if it still runs then. */
async function run(args: string[], killAfterMs?: number): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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

it('a backup into a repository and a restore from it may be killed at any moment', async () => {
  const dice = new Dice(nextSeed());
  const { host, port } = listener.address;
  const backup = ['backup', `--from=${host}:${port}`, repo()];
  const restored = join(root, 'restored', 'graph.db');
  const restore = ['restore', repo(), `--to=${restored}`];
  let kills = 0;
  for (let round = 0; round < campaign.rounds(25, 3); round++) {
    await load.run(20);
    if ((await run(backup, dice.between(100, 900))).code === null) kills++;
    const again = await run(backup);
    expect(again.code, again.output).toBe(0);
    if ((await run([...restore], dice.between(100, 900))).code === null) kills++;
    else rmSync(restored, { recursive: true });
    rmSync(restored, { recursive: true, force: true });
    const back = await run(restore);
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
  expect(kills).toBeGreaterThan(0);
  expect(existsSync(join(root, 'repository', 'lease', 'graph.db.json'))).toBe(false);
}, 300_000);
