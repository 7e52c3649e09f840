import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import {
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  makeScratch,
  openCopy,
  RandomLoad,
  startServer,
} from './harness/index.ts';

/* Backups of a real server in an encrypted repository come back without graphkeep: with the script of README.txt and a server. */

const missing = ['age', 'age-keygen', 'zstd'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 && !process.env.CI;

describeInterop(skip ? `a repository by hand (skipped: needs ${missing.join(', ')})` : 'a repository by hand', () => {
  it.skipIf(skip)('a database comes back as its README says, and a server opens it', async () => {
    const version = '3.5.34';
    const server = await startServer({ version });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'everything' });
    await load.run(150);
    const scratch = makeScratch('by-hand');
    const key = path.join(scratch, 'key');
    execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
    const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim();
    const repository = path.join(scratch, 'repository');
    await run('repo', 'init', `--repo=${repository}`, `--recipients=${recipient}`);
    await load.start();
    await run('backup', `--from=file:${server.storeDirectory}`, `--repo=${repository}`);
    await load.stop();
    // The log after the base, until the load was at rest.
    await run('backup', `--from=file:${server.storeDirectory}`, `--repo=${repository}`);

    const timelines = path.join(repository, 'db/graph.db');
    const timeline = path.join(timelines, readdirSync(timelines)[0]!);
    const base = path.join(timeline, 'base', readdirSync(path.join(timeline, 'base'))[0]!);
    const [, script = ''] = /-{8} restore.sh -{8}\n([\s\S]*?)-{28}/.exec(
      readFileSync(path.join(repository, 'README.txt'), 'utf8'),
    )!;
    writeFileSync(path.join(scratch, 'restore.sh'), script);
    const out = path.join(scratch, 'by-hand');
    execFileSync('sh', [path.join(scratch, 'restore.sh'), out, key], { cwd: base });
    const log = path.join(out, readdirSync(out).find((name) => name.startsWith('neostore.transaction.db.'))!);
    for (const name of readdirSync(path.join(timeline, 'log')).sort()) {
      const object = path.join(timeline, 'log', name);
      const command = `age -d -i ${key} ${object} | zstd -dcq | tar -xO transactions >> ${log}`;
      execFileSync('bash', ['-o', 'pipefail', '-c', command]);
    }
    const restored = path.join(scratch, 'restored');
    await run('restore', `--repo=${repository}`, `--identity=${key}`, `--to=${restored}`, '--check');
    await expectSoundCheck(version, restored, false);
    const source = await exportGraph(server);
    for (const copy of [out, restored]) {
      const opened = await openCopy(version, copy);
      onTestFinished(() => opened.kill());
      expect(findDifferences(source, await exportGraph(opened)), copy).toEqual([]);
      await opened.kill();
    }
  });
});

async function run(...args: string[]): Promise<void> {
  let output = '';
  const take = (text: string) => {
    output += text;
  };
  const context = {
    env: {},
    cwd: '/',
    stdout: take,
    stderr: take,
    signal: new AbortController().signal,
    now: () => new Date(),
  };
  const exitCode = await runGraphkeep(args, context);
  expect({ exitCode }, output).toEqual({ exitCode: 0 });
}
