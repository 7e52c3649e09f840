import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptBackup, makeBackup } from '../../../test/support/commands/backup-attempt.ts';
import { World } from '../../../test/support/commands/world.ts';
import { layOutPolicy, removePolicyHomes, TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { loadPolicy } from '../../../test/support/servers/tls-conversation.ts';
import { makeDirectory } from '../../base/durable-files.ts';
import { runGraphkeep } from './front.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
  await world.makeBackup();
});
afterEach(() => world.close());
afterEach(removePolicyHomes);

const backup = () => world.path('backup', 'n34', 'n1');

/** Runs `serve` until `work` is done with the port it listens on, then interrupts it. */
async function serveWhile(args: string[], work: (port: number) => Promise<void>, what = `--database=${backup()}`) {
  const interrupt = new AbortController();
  let listening: (port: number) => void = () => {};
  const port = new Promise<number>((resolve) => {
    listening = resolve;
  });
  let stdout = '';
  let stderr = '';
  const ended = runGraphkeep(['serve', what, ...args], {
    ...world.context(),
    signal: interrupt.signal,
    stdout: (text) => {
      stdout += text;
      const [, found] = /(?:Listening on |"address":")127\.0\.0\.1:(\d+)/.exec(stdout) ?? [];
      if (found !== undefined) listening(Number(found));
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  await Promise.race([port.then(work), ended]);
  interrupt.abort('SIGTERM');
  return { exitCode: await ended, stdout, stderr };
}

/** A server on the first port of a range of which the second is free. */
async function takePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, close: () => server.close() };
}

describe('serve', () => {
  it('serves a backup until it is interrupted, on the configured address', async () => {
    const taken = await takePort();
    // The first port of the range is taken: the next free one is used.
    await world.configure(`dbms.backup.address=127.0.0.1:${taken.port}-${Math.min(65_535, taken.port + 20)}\n`);
    const { exitCode, stdout, stderr } = await serveWhile([], async (port) => {
      expect(port).toBeGreaterThan(taken.port);
      const from = { host: '127.0.0.1', port };
      expect(await makeBackup(world.path('backup'), from, { name: 'copy' })).toMatchObject({ kind: 'full' });
      expect(await makeBackup(world.path('backup'), from, { name: 'copy' })).toMatchObject({ kind: 'unchanged' });
    });
    taken.close();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Serving ${backup()}, closed at transaction`);
    expect(stdout).toMatch(/\+0000 Full backup started for 127\.0\.0\.1:\d+\n/);
    expect(stdout).toMatch(/\+0000 Full backup finished for 127\.0\.0\.1:\d+, \d+ bytes in \d+\.\d s\n/);
    expect(stdout).toMatch(/Incremental backup started for .*, after transaction \d+\n/);
    expect(stdout).toMatch(/\nStopped\.\n$/);
  });

  it('serves only clients of the TLS policy that is configured', async () => {
    const authority = await TestIdentity.authority('authority');
    const trusted = [authority.pem];
    const { directory } = layOutPolicy({ identity: await authority.issue('server'), trusted });
    const sslPolicy = await loadPolicy({ identity: await authority.issue('client'), trusted });
    await world.configure(
      `dbms.backup.ssl_policy=backup\ndbms.ssl.policy.backup.base_directory=${directory}\n` +
        'causal_clustering.protocol_implementations.compression=gzip,snappy\n',
    );
    const { exitCode, stdout, stderr } = await serveWhile(['--listen=127.0.0.1:20000-60000'], async (port) => {
      const from = { host: '127.0.0.1', port };
      const { error } = await attemptBackup(world.path('backup'), from, { name: 'copy', protocol: 'catchup' });
      expect(error).toBeDefined();
      const options = { name: 'copy', protocol: 'catchup', sslPolicy } as const;
      expect(await makeBackup(world.path('backup'), from, options)).toMatchObject({ kind: 'full' });
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/Listening on 127\.0\.0\.1:\d+, with TLS policy 'backup'\n/);
    expect(stdout).toMatch(/Connection of 127\.0\.0\.1:\d+ refused: /);
    expect(stdout).toMatch(/Full backup finished for /);
  });

  it('tells programs what happens, in JSON', async () => {
    const { exitCode, stdout } = await serveWhile(['--json', '--listen=127.0.0.1:20000-60000'], async (port) => {
      await makeBackup(world.path('backup'), { host: '127.0.0.1', port }, { name: 'copy' });
    });
    expect(exitCode).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(['listening', 'started', 'finished', 'report']);
    expect(events[0]).toMatchObject({ directory: backup(), address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    expect(events[2]).toMatchObject({ request: 'full', bytes: expect.any(Number), durationMs: expect.any(Number) });
  });

  it.each([
    ['dbms.backup.enabled=false', 'backups are switched off: dbms.backup.enabled is false'],
    ['dbms.backup.ssl_policy=backup', 'dbms.ssl.policy.backup.base_directory'],
    ['graphkeep.serve.max_connections=0', "Bad value '0' for setting 'graphkeep.serve.max_connections'"],
  ])('refuses to start with %s', async (setting, message) => {
    await world.configure(`${setting}\n`);
    const { exitCode, stdout, stderr } = await serveWhile([], async () => {});
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('names the range and the cause where no port is free', async () => {
    const taken = await takePort();
    const { exitCode, stderr } = await serveWhile([`--listen=127.0.0.1:${taken.port}-${taken.port}`], async () => {});
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${taken.port}`);
    expect(stderr).toContain('EADDRINUSE');
    const range = `--listen=127.0.0.1:${taken.port}-${taken.port}`;
    const { stdout } = await serveWhile(['--json', range], async () => {});
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 'serve.address' });
    taken.close();
    const foreign = await serveWhile(['--listen=203.0.113.7:7000-7010'], async () => {});
    expect(foreign.exitCode).toBe(1);
    expect(foreign.stderr).toContain('cannot listen on 203.0.113.7:7000-7010');
    expect(foreign.stderr).toContain('EADDRNOTAVAIL');
  });

  it('gives the lock back, also after a failed start', async () => {
    const taken = await takePort();
    await serveWhile([`--listen=127.0.0.1:${taken.port}`], async () => {});
    taken.close();
    const { port } = await takePort().then((free) => {
      free.close();
      return free;
    });
    const { error } = await attemptBackup(world.path('backup', 'n34'), { host: '127.0.0.1', port }, { name: 'n1' });
    // Not 'directory.in-use': nobody works in the backup.
    expect(error?.code).toBe('peer.unreachable');
  });

  it('serves the database of a server as its own neo4j.conf says, from when there is one', async () => {
    const home = world.path('home');
    await makeDirectory(join(home, 'conf'));
    const settings = ['dbms.backup.address=127.0.0.1:20000-60000', 'dbms.active_database=mine'];
    writeFileSync(join(home, 'conf', 'neo4j.conf'), settings.join('\n'));
    const directory = join(home, 'data', 'databases', 'mine');
    const { exitCode, stdout, stderr } = await serveWhile(
      [],
      async (port) => {
        const from = { host: '127.0.0.1', port };
        const { error } = await attemptBackup(world.path('backup'), from, { name: 'copy' });
        expect(error).toBeDefined();
        await makeDirectory(dirname(directory));
        cpSync(backup(), directory, { recursive: true });
        expect(await makeBackup(world.path('backup'), from, { name: 'copy' })).toMatchObject({ kind: 'full' });
        expect(await makeBackup(world.path('backup'), from, { name: 'copy' })).toMatchObject({ kind: 'unchanged' });
      },
      `--live=${home}`,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Serving ${home} as soon as that can be done: there is no database`);
    expect(stdout).toMatch(/Full backup failed for 127\.0\.0\.1:\d+, .*no database that can be served now/);
    expect(stdout).toMatch(/Full backup finished for /);
  });

  it.each([
    [['serve'], 'either --database or --live is needed'],
    [['serve', '--database=a', '--live=b'], '--database and --live exclude each other'],
  ])('refuses %s', async (args, message) => {
    let stderr = '';
    const exitCode = await runGraphkeep(args, { ...world.context(), stderr: (text) => (stderr += text) });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });
});
