import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InstalledPrograms } from '../support/commands/installed-programs.ts';
import { unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';

/* What cron, containers and shells do to a program: no directory, no disk, no reader, no terminal. */

let programs: InstalledPrograms;
let store: string;
beforeAll(async () => {
  programs = InstalledPrograms.install();
  await unpackCorpus('stores/3.4.9-empty.tar.gz', join(programs.root, 'store'));
  store = join(programs.root, 'store', 'graph.db');
});
afterAll(() => programs.remove());

interface Ended {
  code: number;
  output: string;
}

/** Runs a line of bash in which `graphkeep` and `neo4j-admin` are ours. */
function shell(line: string): Ended {
  const bin = join(programs.root, 'bin');
  const functions = `graphkeep() { "${bin}/graphkeep" "$@"; }; neo4j-admin() { "${bin}/neo4j-admin" "$@"; }`;
  try {
    const env = { PATH: process.env.PATH };
    const cwd = join(programs.root, 'empty');
    return {
      code: 0,
      output: execFileSync('bash', ['--norc', '-c', `${functions}; exec 2>&1; ${line}`], {
        env,
        cwd,
        encoding: 'utf8',
      }),
    };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { code: status, output: stdout };
  }
}

function expectSentence({ output }: Ended): void {
  expect(output).not.toMatch(/^ {4}at |node:internal|Node\.js v|This is a mistake in graphkeep/m);
}

describe.skipIf(process.platform === 'win32')('a working directory that was removed', () => {
  const gone = 'mkdir gone && cd gone && rmdir ../gone';

  it.each([
    ['graphkeep', 'inspect x'],
    ['neo4j-admin', 'backup --backup-dir=x --name=y'],
  ])('a removed working directory is reported by %s in a sentence', (program, args) => {
    const ended = shell(`${gone} && ${program} ${args}`);
    expectSentence(ended);
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('the working directory was removed');
    expect(ended.output).toContain('cd');
  });

  it('a removed working directory does not matter to commands that do not need it', () => {
    expect(shell(`${gone} && graphkeep --version`)).toMatchObject({ code: 0 });
    expect(shell(`${gone} && neo4j-admin help backup`)).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!existsSync('/dev/full'))('a full disk behind stdout', () => {
  it('a full disk behind stdout does not stop what is reported', () => {
    const target = join(programs.root, 'restored');
    for (const [at, json] of campaign.sample(['', '--json']).entries()) {
      const home = `NEO4J_HOME=${target}${at}`;
      const ended = shell(`${home} graphkeep restore --from=${store} --verbose ${json} > /dev/full`);
      expectSentence(ended);
      expect(ended.code).toBe(0);
      expect(ended.output).toMatch(/The output cannot be written \(ENOSPC\)/);
      expect(existsSync(join(`${target}${at}`, 'data', 'databases', 'graph.db', 'neostore'))).toBe(true);
      expect(shell(`${home} neo4j-admin restore --from=${store} --force > /dev/full`).code).toBe(0);
    }
    expect(shell(`graphkeep check ${store} --json > /dev/full`).code).toBe(0);
  });

  it('a full disk behind stdout is a failure of a command that only prints', () => {
    for (const command of campaign.some([`inspect ${store}`, `inspect --json ${store}`, 'completion bash'])) {
      const ended = shell(`graphkeep ${command} > /dev/full`);
      expectSentence(ended);
      expect(ended.code).toBe(1);
    }
  });

  it('a full disk behind both stdout and stderr leaves nobody to tell', () => {
    expect(shell(`graphkeep check ${store} > /dev/full 2> /dev/full`).code).toBe(0);
    expect(shell(`graphkeep inspect nowhere 2> /dev/full`)).toEqual({ code: 1, output: '' });
  });
});

it.skipIf(process.platform === 'win32')('closed streams and lost readers harm nothing', () => {
  expect(shell(`graphkeep check ${store} <&- >&- 2>&-`).code).toBe(0);
  expect(shell(`graphkeep check ${store} --json | true; exit \${PIPESTATUS[0]}`).code).toBe(0);
  expect(shell(`unset HOME TMPDIR; graphkeep check ${store}`).code).toBe(0);
});

it('a missing directory for temporary files is named', () => {
  const ended = shell('TMPDIR=/nowhere/at/all graphkeep demo');
  expectSentence(ended);
  expect(ended).toMatchObject({ code: 1, output: expect.stringContaining('TMPDIR') });
});

describe('an empty value, as of a variable that is not set', () => {
  const lines = [
    `graphkeep restore --from=${'$'}STORE --database= --force`,
    `graphkeep restore --from= --database=x`,
    'graphkeep load --from=x --database="$NOT_SET" --force',
    'graphkeep dump --to=. --database=',
    'graphkeep backup --backup-dir=. --name=',
    'graphkeep backup --backup-dir=. --name=x --from=',
    'graphkeep check ""',
    'graphkeep recover ""',
    'graphkeep inspect "" --json',
    `neo4j-admin restore --from=${'$'}STORE --database= --force`,
    'neo4j-admin load --from=x --database= --force',
    'neo4j-admin unbind --database=',
  ];
  it.each(campaign.some(lines))('an empty value, as of an unset variable, is refused by %s', (line) => {
    const home = join(programs.root, 'kept');
    const database = join(home, 'data', 'databases', 'graph.db');
    mkdirSync(database, { recursive: true });
    writeFileSync(join(database, 'neostore'), 'mine');
    const ended = shell(`export STORE=${store} NEO4J_HOME=${home}; ${line}`);
    expectSentence(ended);
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('must not be empty');
    expect(readFileSync(join(database, 'neostore'), 'utf8')).toBe('mine');
  });
});

it.each([
  ['SIGHUP', 129],
  ['SIGTERM', 143],
] as const)('%s stops graphkeep with %d', async (signal, code) => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const backups = join(programs.root, `backups-${signal}`);
  mkdirSync(backups);
  const args = [
    'backup',
    `--backup-dir=${backups}`,
    '--name=x',
    `--from=127.0.0.1:${port}`,
    '--protocol=common',
    '--json',
  ];
  const child = spawn(programs.path('graphkeep'), args, { env: { PATH: process.env.PATH }, stdio: 'ignore' });
  const [socket] = await once(server, 'connection');
  child.kill(signal);
  const [exitCode] = await once(child, 'exit');
  socket.destroy();
  server.close();
  expect(exitCode).toBe(code);
});
