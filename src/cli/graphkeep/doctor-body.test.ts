import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { World } from '../../../test/support/commands/world.ts';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { GrowingDatabase } from '../../../test/support/modern/growing-database.ts';
import { runGraphkeep } from './front.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const backupAt = (...names: string[]) => `--to=${world.path('backup', ...names)}`;

async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
  world.stdout = '';
  const code = await runGraphkeep(['doctor', ...args], world.context());
  return { code, lines: world.stdout.trimEnd().split('\n') };
}

const levelOf = (check: string, lines: readonly string[]) =>
  lines.map((line) => /^ {2}(\w+) +([\w-]+) /.exec(line)).find((match) => match?.[2] === check)?.[1];

it('a doctor prints groups of lines, what to do, and how many there are', async () => {
  const store = await unpackStore('3.5.34-standard', world.path('copy'));
  const { code, lines } = await run(`--from=file:${store}`, backupAt('new'));
  expect(code).toBe(0);
  expect(lines.filter((line) => !line.startsWith(' ')).slice(0, -1)).toEqual([
    'This command',
    'Database',
    'Transaction log',
    'Backup',
  ]);
  expect(levelOf('read-rights', lines)).toBe('OK');
  expect(lines.at(-1)).toMatch(/^0 FAIL, \d+ WARN, \d+ OK, \d+ UNKNOWN$/);
});

it('a doctor ends with 1 if the next backup would fail, and says what to do below the line', async () => {
  writeFileSync(world.path('backup', 'letter'), '');
  const { code, lines } = await run(backupAt('letter'));
  expect(code).toBe(1);
  const at = lines.findIndex((line) => line.startsWith('  FAIL'));
  expect(lines[at]).toContain('holds something else than a backup');
  expect(lines[at + 1]).toMatch(/^ +-> Choose another --name/);
});

it('without --from a doctor looks at the place only, without both at the server that a backup would ask', async () => {
  const place = await run(backupAt('new'));
  expect(levelOf('protocol', place.lines)).toBeUndefined();
  expect(levelOf('room', place.lines)).toBe('UNKNOWN');
  await world.configure('dbms.backup.address=127.0.0.1:1\n');
  const server = await run();
  expect(server.code).toBe(1);
  expect(server.lines.find((line) => line.includes('protocol '))).toContain('127.0.0.1:1');
  expect(levelOf('target', server.lines)).toBeUndefined();
});

it('a wrong command line is an error, a wrong configuration a finding', async () => {
  for (const args of [['--to=a', '--name=b'], ['--rate-limit=1m'], ['--timeout=soon'], ['--protocol=x'], ['--from=']]) {
    expect({ args, ...(await run(...args)) }).toEqual({ args, code: 1, lines: [''] });
  }
  await world.configure('dbms.backup.enabled=maybe\n');
  const { code, lines } = await run(backupAt('new'));
  expect({ code, level: levelOf('configuration', lines) }).toEqual({ code: 1, level: 'FAIL' });
  expect(lines.join('\n')).toContain(join('conf', 'neo4j.conf'));
});

it('with --quiet a doctor prints only what is not in order', async () => {
  // Tests may keep their files in memory, which the doctor finds no place for a backup.
  const problems = () => world.stderr.replace(/^WARN target-disk: .*\n/gm, '');
  const sound = await run('--quiet', backupAt('new'));
  expect({ ...sound, problems: problems() }).toEqual({ code: 0, lines: [''], problems: '' });
  writeFileSync(world.path('backup', 'letter'), '');
  const { code, lines } = await run('--quiet', backupAt('letter'));
  expect({ code, lines }).toEqual({ code: 1, lines: [''] });
  expect(problems()).toMatch(/^FAIL target: .*letter holds something else than a backup\. Choose another --name.*\n$/);
});

it('a doctor of a server of 4.2 or later names the database in front of each line, and the repository', async () => {
  const database = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('servers'));
  const repo = `--repo=${world.path('repository')}`;
  await runGraphkeep(['repo', 'init', repo, '--no-encryption'], world.context());
  const { code, lines } = await run(`--from=file:${database.home}`, repo, '--database=neo4j');
  expect(code).toBe(0);
  const lineOf = (check: string) => lines.find((line) => line.slice(10).startsWith(`${check} `));
  expect(lineOf('log-files')).toMatch(/ {2}neo4j: \d+ files/);
  expect(lineOf('backup')).toContain(`neo4j in ${world.path('repository')}: none yet`);
  expect(lineOf('repository')).toContain(`${world.path('repository')}: a repository in a folder`);
});

it('a name of a database needs files, a repository or a configuration file', async () => {
  for (const args of [['--database=x'], ['--database=x', '--to=b'], ['--repo=r', '--to=b']]) {
    expect({ args, ...(await run(...args)) }).toEqual({ args, code: 1, lines: [''] });
  }
});
