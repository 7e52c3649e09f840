import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../src/base/own-version.ts';
import { backup } from '../../src/cli/command-table.ts';
import { commandUsage } from '../../src/cli/neo4j-admin/usage-text.ts';
import { InstalledPrograms, type ProgramResult } from '../support/commands/installed-programs.ts';
import { unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';

/* The executables as installed: bundled, and started by the shell. */

let programs: InstalledPrograms;
let root: string;
beforeAll(() => {
  programs = InstalledPrograms.install();
  root = programs.root;
  mkdirSync(join(root, 'backups'));
});
afterAll(() => programs.remove());

const env = { PATH: process.env.PATH, NEO4J_HOME: '', NEO4J_CONF: '' };

function run(name: string, args: string[]): Promise<ProgramResult> {
  return programs.run(name, args);
}

describe('neo4j-admin', () => {
  it('neo4j-admin prints to the right streams and ends with the right code', async () => {
    expect(await run('neo4j-admin', ['help', 'backup'])).toEqual({ code: 0, stdout: commandUsage(backup), stderr: '' });
    expect(await run('neo4j-admin', ['backup'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Missing argument 'backup-dir'\n\n${commandUsage(backup)}`,
    });
    expect(await run('neo4j-admin', ['backup', '--backup-dir=nope', '--name=x'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `command failed: Directory '${join(root, 'empty', 'nope')}' does not exist.\n`,
    });
  });

  it('neo4j-admin runs the engine: a missing server is reported', async () => {
    const { code, stderr } = await run('neo4j-admin', [
      'backup',
      `--backup-dir=${join(root, 'backups')}`,
      '--name=x',
      '--from=127.0.0.1:9',
      '--protocol=common',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^command failed: Failed to run a backup using the available strategies\.$/m);
    expect(stderr).toMatch(/^ {4}common protocol: .*127\.0\.0\.1:9/m);
  });

  it('neo4j-admin does not load what it does not need', async () => {
    const timed = async (work: () => unknown): Promise<number> => {
      const started = performance.now();
      await work();
      return performance.now() - started;
    };
    const own: number[] = [];
    const node: number[] = [];
    for (let i = 0; i < campaign.size(8, 4); i++) {
      own.push(await timed(() => run('neo4j-admin', ['--version'])));
      node.push(await timed(() => execFileSync(process.execPath, ['-e', ''])));
    }
    // Compared with Node itself, the best of each, so that a busy machine does not matter.
    expect(Math.min(...own) / Math.min(...node)).toBeLessThan(4);
  });
});

describe('graphkeep', () => {
  it('graphkeep runs', async () => {
    expect(await run('graphkeep', ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const { code, stderr } = await run('graphkeep', ['inspect', 'nope']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such directory');
  });

  it('graphkeep loads what repositories and configuration files need only for them', () => {
    const hook =
      'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
    const asData = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
    const register = asData(`import { register } from 'node:module'; register(${JSON.stringify(asData(hook))});`);
    const loadedBy = (...places: string[]) => {
      const program = join(root, 'bin', 'graphkeep');
      const args = ['--import', register, program, 'backup', '--from=127.0.0.1:1', ...places];
      return spawnSync(process.execPath, args, { encoding: 'utf8', env }).stderr;
    };
    expect(loadedBy('--repo=/nonexistent/repository')).toContain('/age-encryption/');
    expect(loadedBy('--to=/nonexistent/directory')).not.toMatch(/\/(age-encryption|@aws-sdk|zod|yaml)\//);
    const config = join(root, 'graphkeep.yaml');
    writeFileSync(config, 'commands: {}\n');
    const configured = loadedBy('--to=/nonexistent/directory', `--config=${config}`);
    expect(configured).toContain('/node_modules/yaml/');
    expect(configured).not.toMatch(/\/(age-encryption|@aws-sdk)\//);
  });

  it('graphkeep writes everything into a pipe before it ends', () => {
    const script = `"${join(root, 'bin', 'graphkeep')}" completion fish | tail -n 1`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toContain('complete -c graphkeep');
  });
});

describe('signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a command that gets %s cleans up and ends with %d', async (signal, code) => {
    // A server that accepts and stays silent.
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const backups = join(root, `backups-${signal}`);
    mkdirSync(backups);
    const args = ['backup', `--backup-dir=${backups}`, '--name=x', `--from=127.0.0.1:${port}`, '--protocol=common'];
    const child = spawn(join(root, 'bin', 'neo4j-admin'), args, {
      env,
      cwd: join(root, 'empty'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [socket] = await once(server, 'connection');
    child.kill(signal);
    const [exitCode] = await once(child, 'exit');
    socket.destroy();
    server.close();
    expect(stderr).toContain('command failed: ');
    expect(exitCode).toBe(code);
    expect(execFileSync('ls', ['-A', backups], { encoding: 'utf8' })).toBe('');
  });
});

it('serve ends with 0 when it is told to stop', async () => {
  await unpackCorpus('stores/3.5.34-empty.tar.gz', join(root, 'served'));
  const args = ['serve', `--database=${join(root, 'served', 'graph.db')}`, '--listen=127.0.0.1:20000-60000', '--json'];
  const child = spawn(join(root, 'bin', 'graphkeep'), args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    // Only once: a second signal ends the process at once.
    if (text.includes('"listening"')) child.kill('SIGTERM');
    stdout += text;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(stdout).toMatch(/"event":"report","command":"serve"/);
});

it('a lone file called neo4j.conf in the working directory counts when NEO4J_CONF is not set', async () => {
  writeFileSync(join(root, 'empty', 'neo4j.conf'), 'dbms.backup.enabled=maybe\n');
  const { stderr } = await run('neo4j-admin', ['backup', `--backup-dir=${join(root, 'backups')}`, '--name=x']);
  rmSync(join(root, 'empty', 'neo4j.conf'));
  expect(stderr.split('\n').slice(0, 2)).toEqual([
    "unexpected error: Bad value 'maybe' for setting 'dbms.backup.enabled': must be 'true' or 'false'",
    `    file ${join(realpathSync(root), 'empty', 'neo4j.conf')}, line 1`,
  ]);
});

describe('a check', () => {
  it('a check of a store large enough for threads finds them in the built program', async () => {
    await unpackCorpus('corruptions/base35.tar.gz', join(root, 'checked'));
    const store = join(root, 'checked', 'base35');
    const check = () => run('graphkeep', ['check', store, `--report-dir=${join(root, 'home')}`]);
    // Unused records after the others, which need no room on the disk.
    truncateSync(join(store, 'neostore.propertystore.db.strings'), 80 << 20);
    const sound = await check();
    expect(sound).toMatchObject({ code: 0, stderr: '' });
    expect(sound.stdout.split('\n').slice(1)).toEqual([`${store} is consistent.`, '']);
    rmSync(join(store, 'neostore.labelscanstore.db'));
    const { code, stdout } = await check();
    expect(stdout).toContain('labelScan.missing');
    expect(code).toBe(3);
  });
});
