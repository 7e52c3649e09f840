import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Line, runJson } from '../../../test/support/commands/json-run.ts';
import { World } from '../../../test/support/commands/world.ts';
import { FakeServer } from '../../../test/support/modern/fake-server.ts';
import { unpackModernDatabase } from '../../../test/support/modern/modern-corpus.ts';
import { runGraphkeep } from '../../cli/graphkeep/front.ts';

const PROGRAM = new URL('../../../bin/graphkeep', import.meta.url).pathname;

/* A fake server, for what goes wrong; the genuine database is restored in each test. */

let world: World;
let live: string;
let server: FakeServer;
let filesOfHome: string[];

const repo = () => `--repo=${world.path('repository')}`;
const scratch = () => `--scratch=${world.path('scratch')}`;
const withServer = (home = server.home) => ['--database=neo4j', `--server-home=${home}`, scratch()];
const drill = (...more: string[]) => runJson(world, ['drill', repo(), ...withServer(), ...more]);
const lastDrill = async () =>
  ((await runJson(world, ['info', repo()])).databases as Line[]).find(({ database }) => database === 'neo4j')?.drill;
const namesBelow = (directory: string) => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is no such process.
    return false;
  }
};

beforeAll(async () => {
  world = await World.create();
  mkdirSync(world.path('scratch'));
  live = await unpackModernDatabase('5.26.30-fuzzy', world.path('live'));
  await runJson(world, ['repo', 'init', repo(), '--no-encryption']);
  expect(await runJson(world, ['backup', `--from=file:${live}`, repo()])).toMatchObject({ exitCode: 0 });
});
beforeEach(() => {
  server = FakeServer.make(world.path('fake'), '5.26.30');
  filesOfHome = namesBelow(server.home);
  world.setEnvironment({ JAVA_HOME: server.javaHome });
});
afterEach(() => {
  expect(readdirSync(world.path('scratch'))).toEqual([]);
  expect(namesBelow(server.home)).toEqual(filesOfHome);
  rmSync(world.path('fake'), { recursive: true });
});
afterAll(() => world.close());

describe('a drill with a server', () => {
  it('a sound database is counted, and info remembers it', async () => {
    const report = await drill();
    expect(report).toMatchObject({ event: 'report', exitCode: 0, consistent: true, transaction: 152 });
    expect(report).toMatchObject({ nodes: 193, relationships: 400, errors: 0, notes: [] });
    expect(report.server).toMatchObject({ version: '5.26.30', findings: [] });
    expect(await lastDrill()).toMatchObject({
      result: 'sound',
      transaction: 152,
      moment: 'latest',
      server: '5.26.30',
    });
    expect(server.pids.filter(isAlive)).toEqual([]);
  });

  it('what the checker of the server finds makes it inconsistent', async () => {
    server.behave({ check: 'damaged' });
    const report = await drill();
    expect(report).toMatchObject({ event: 'report', exitCode: 3, consistent: false, errors: 1, warnings: 1 });
    expect(report.server).toMatchObject({
      findings: [{ severity: 'error', text: expect.stringContaining('index-3') }, { severity: 'warning' }],
    });
    expect(await lastDrill()).toMatchObject({ result: 'inconsistent' });
  });

  it('a database that the server cannot open fails the drill, with the cause from its log', async () => {
    server.behave({ start: 'refuse' });
    const refused = await drill();
    expect(refused).toMatchObject({ event: 'error', code: 'server.refuses-database', exitCode: 3 });
    expect(refused.observed).toBe('java.lang.RuntimeException: Store files are missing');
    expect(await lastDrill()).toMatchObject({
      result: 'failed',
      failure: 'server.refuses-database',
      server: '5.26.30',
    });
    expect(server.pids.filter(isAlive)).toEqual([]);
  });

  it('what is no fault of the database is not recorded', async () => {
    await drill();
    server.behave({ start: 'refuse', cause: 'java.io.IOException: No space left on device' });
    expect(await drill()).toMatchObject({ code: 'server.failed', exitCode: 1 });
    server.behave({ start: 'die' });
    expect(await drill()).toMatchObject({ code: 'server.failed', observed: 'this server does not want to' });
    server.behave({ start: 'silent' });
    expect(await drill('--start-timeout=1s')).toMatchObject({ code: 'server.timeout', exitCode: 1 });
    expect(server.pids.filter(isAlive)).toEqual([]);
    server.behave({ check: 'broken' });
    expect(await drill()).toMatchObject({ code: 'check.failed', observed: 'the checker has no memory', exitCode: 2 });
    expect(await lastDrill()).toMatchObject({ result: 'sound' });
  });

  it('a server that cannot be run, or is too old, is refused before anything is restored', async () => {
    server.behave({ java: '11.0.2' });
    expect(await drill()).toMatchObject({ code: 'server.java', observed: expect.stringContaining('bin/java is 11') });
    world.setEnvironment({});
    expect(await drill()).toMatchObject({ code: 'server.java', observed: expect.stringContaining('no Java in') });
    world.setEnvironment({ JAVA_HOME: '/nowhere', PATH: `/nowhere:${server.javaHome}/bin` });
    server.behave({ java: '21' });
    expect(await drill()).toMatchObject({ exitCode: 0 });
    for (const version of ['5.24.2', '4.4.48']) {
      const old = FakeServer.make(world.path('old', version), version);
      old.behave({ java: '17.0.1' });
      world.setEnvironment({ JAVA_HOME: old.javaHome });
      const refused = await runJson(world, ['drill', repo(), ...withServer(old.home)]);
      expect(refused).toMatchObject({ code: 'server.version', observed: expect.stringContaining('5.25 or later') });
    }
  });

  it('what is no home of a server is refused, and so is a drill without one', async () => {
    for (const home of [world.path('scratch'), FakeServer.make(world.path('old', '3'), '3.5.34').home, '/nowhere']) {
      const refused = await runJson(world, ['drill', repo(), ...withServer(home)]);
      expect(refused, home).toMatchObject({ code: 'server.home', place: { file: home } });
    }
    const strange = FakeServer.make(world.path('old', 'strange'), '5.26.30', 'org/neo4j/server/Strange').home;
    expect(await runJson(world, ['drill', repo(), ...withServer(strange)])).toMatchObject({ code: 'server.home' });
    const without = await runJson(world, ['drill', repo(), '--database=neo4j', scratch()]);
    expect(without).toMatchObject({ code: 'usage', message: expect.stringContaining('--server-home') });
  });

  it('a drill that is interrupted stops the server and leaves nothing', async () => {
    server.behave({ start: 'silent' });
    const interrupt = new AbortController();
    const before = server.pids.length;
    const interruptOnceItRuns = async () => {
      while (server.pids.length === before) await sleep(20);
      interrupt.abort('SIGINT');
    };
    let output = '';
    const stdout = (text: string) => {
      if (text.includes('"phase":"waiting for the server"')) void interruptOnceItRuns();
      output += text;
    };
    const { runBackup: _, ...given } = world.context();
    const args = ['drill', repo(), ...withServer(), '--json'];
    expect(await runGraphkeep(args, { ...given, stdout, signal: interrupt.signal })).toBe(130);
    expect(output).toContain('"code":"cancelled"');
    expect(server.pids.filter(isAlive)).toEqual([]);
  });

  it('a drill that is killed takes the server with it, and the next one removes what it left', async () => {
    server.behave({ start: 'silent' });
    const before = server.pids.length;
    const env = { ...process.env, JAVA_HOME: server.javaHome };
    const child = spawn(process.execPath, [PROGRAM, 'drill', repo(), ...withServer()], { stdio: 'ignore', env });
    const ended = once(child, 'close');
    while (child.exitCode === null && server.pids.length === before) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    while (server.pids.some(isAlive)) await sleep(20);
    expect(readdirSync(world.path('scratch')).length).toBe(2);
    server.behave({});
    expect(await drill()).toMatchObject({ exitCode: 0 });
  });

  it('a backup is followed by the drills of its databases', async () => {
    const back = (...more: string[]) => runJson(world, ['backup', `--from=file:${live}`, repo(), '--drill', ...more]);
    expect(await back(scratch())).toMatchObject({ code: 'usage', message: expect.stringContaining('--server-home') });
    const known = [`--server-home=${server.home}`, scratch()];
    expect(await back(...known)).toMatchObject({ kind: 'unchanged', drill: { database: 'neo4j', nodes: 193 } });
    server.behave({ check: 'damaged' });
    expect(await back(...known)).toMatchObject({ exitCode: 3, drill: { consistent: false } });
    server.behave({ start: 'die' });
    const failed = await back(...known);
    expect(failed).toMatchObject({ code: 'server.failed', notes: [{ code: 'drill-after-backup-failed' }] });
  });
});
