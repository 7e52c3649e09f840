import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { filesOf, GrowingDatabase, logsOf } from '../support/modern/growing-database.ts';
import {
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  graphkeep,
  makeScratch,
  openCopy,
  RandomLoad,
  startServer,
} from './harness/index.ts';

/* Backups of a real server in an encrypted repository come back without graphkeep: with the script of README.txt and a server. */

const missing = ['age', 'age-keygen', 'zstd'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 && !process.env.CI;

async function makeSealedRepository(): Promise<{ scratch: string; key: string; repository: string }> {
  const scratch = makeScratch('by-hand');
  const key = path.join(scratch, 'key');
  execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
  const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim();
  const repository = path.join(scratch, 'repository');
  await graphkeep('repo', 'init', `--repo=${repository}`, `--recipients=${recipient}`);
  return { scratch, key, repository };
}

/** Runs the script of README.txt for the only base of a database, and goes on to the end of its timeline. */
function restoreByHand(repository: string, database: string, out: string, key: string): void {
  const onlyOne = (directory: string) => {
    const [name, ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    return path.join(directory, name!);
  };
  const timeline = onlyOne(path.join(repository, 'db', database));
  const base = onlyOne(path.join(timeline, 'base'));
  const readme = readFileSync(path.join(repository, 'README.txt'), 'utf8');
  const [, script = ''] = /-{8} restore.sh -{8}\n([\s\S]*?)-{28}/.exec(readme)!;
  const later = readdirSync(path.join(timeline, 'log')).sort();
  expect(later.length).toBeGreaterThan(0);
  const objects = later.map((name) => `../../log/${name}`);
  execFileSync('sh', ['-c', script, 'restore.sh', out, key, ...objects], { cwd: base });
}

/** Names and content of all files below a directory. */
function readTree(directory: string): Map<string, Buffer> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((each) => [path.relative(directory, each), readFileSync(each)]));
}

describeInterop(skip ? `a repository by hand (skipped: needs ${missing.join(', ')})` : 'a repository by hand', () => {
  it.skipIf(skip)('a database comes back as its README says, and a server opens it', async () => {
    const version = '3.5.34';
    const server = await startServer({ version });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'everything' });
    await load.run(150);
    const { scratch, key, repository } = await makeSealedRepository();
    await load.start();
    await graphkeep('backup', `--from=file:${server.storeDirectory}`, `--repo=${repository}`);
    await load.stop();
    // The log after the base, until the load was at rest.
    await graphkeep('backup', `--from=file:${server.storeDirectory}`, `--repo=${repository}`);

    const out = path.join(scratch, 'by-hand');
    restoreByHand(repository, 'graph.db', out, key);
    const restored = path.join(scratch, 'restored');
    await graphkeep('restore', `--repo=${repository}`, `--identity=${key}`, `--to=${restored}`, '--check');
    await expectSoundCheck(version, restored, false);
    const source = await exportGraph(server);
    for (const copy of [out, restored]) {
      const opened = await openCopy(version, copy);
      onTestFinished(() => opened.kill());
      expect(findDifferences(source, await exportGraph(opened)), copy).toEqual([]);
      await opened.kill();
    }
  });

  it.skipIf(skip).each(['4.4.48-fuzzy', '2026.08.1-envelope-fuzzy'] as const)(
    'a database of %s comes back as its README says, as with restore',
    async (name) => {
      const { scratch, key, repository } = await makeSealedRepository();
      const database = await GrowingDatabase.unpack(name, path.join(scratch, 'server'));
      const ids = database.transactions.map(({ id }) => id);
      for (const at of [0.2, 0.6, 0.99]) {
        database.endAt(ids[Math.floor(ids.length * at)]!);
        await graphkeep('backup', `--from=file:${database.home}`, `--repo=${repository}`);
      }
      const out = path.join(scratch, 'by-hand');
      restoreByHand(repository, 'neo4j', out, key);
      const data = path.join(scratch, 'restored');
      const args = [`--repo=${repository}`, `--identity=${key}`, '--database=neo4j', `--to=${data}`];
      await graphkeep('restore', ...args);
      const restored = new Map([...readTree(filesOf(data)), ...readTree(logsOf(data))]);
      const byHand = readTree(out);
      expect([...byHand.keys()].sort()).toEqual([...restored.keys()].sort());
      for (const [file, content] of byHand) expect(content.equals(restored.get(file)!), file).toBe(true);
    },
  );
});
