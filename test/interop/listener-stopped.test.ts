import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import type { SslPolicy } from '../../src/config/ssl-policy/ssl-policy.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { makeBackup } from '../support/commands/backup-attempt.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { layOutPolicy, removePolicyHomes, TestIdentity } from '../support/corpus/test-certificates.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { loadPolicy } from '../support/servers/tls-conversation.ts';
import { readContent } from '../support/stores/stored-content.ts';
import { startProcess } from './harness/child-process.ts';
import { describeInterop, javaBackup, makeScratch, type Version } from './harness/index.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/entry/graphkeep.ts', import.meta.url));

/** Serves a directory that no server uses, in this process. */
async function serve(
  directory: string,
  sslPolicy?: SslPolicy,
): Promise<{ address: string; events: string[]; stop(): Promise<void> }> {
  const store = await serveStore(directory);
  /** What happened, with the request. */
  const events: string[] = [];
  const listener = await BackupListener.start(store, {
    listen: { host: '127.0.0.1', port: 0 },
    sslPolicy,
    onEvent: ({ kind, ...event }) => events.push('request' in event ? `${event.request} ${kind}` : kind),
  });
  const stop = async () => {
    await listener.stop();
    await store.close();
  };
  onTestFinished(stop);
  return { address: `127.0.0.1:${listener.address.port}`, events, stop };
}

afterAll(removePolicyHomes);

/** Serves a directory with the user's command; returns the address. */
async function serveByCommand(directory: string): Promise<string> {
  const args = ['--import', 'tsx', PROGRAM, 'serve', `--database=${directory}`, '--listen=127.0.0.1:0', '--json'];
  const child = startProcess(process.execPath, args);
  onTestFinished(() => void child.kill('SIGTERM'));
  let output = '';
  for await (const piece of child.stdout) {
    output += piece;
    const address = /"address":"([^"]+)"/.exec(output)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`graphkeep serve ended: ${output}`);
}

async function backUp(version: Version, from: string, backupDir: string, protocol: string): Promise<string> {
  const args = ['--timeout=10m', `--protocol=${protocol}`];
  // The client's own check: that of 3.5.0-beta03 skips what it cannot check, as in one of these stores.
  const done = await javaBackup(version, { from, backupDir, name: 'b', check: true, args });
  expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  return path.join(backupDir, 'b');
}

describeInterop('the listener over a stopped store', () => {
  it.each<[Version, string, string]>([
    ['3.4.9', '3.4.9-standard', 'any'],
    ['3.5.0-beta03', '3.5.0-beta03-high_limit', 'any'],
    ['3.4.9', '3.4.9-standard', 'common'],
  ])(
    'the listener over a stopped store serves the Java client %s a copy of %s over the %s protocol, and a copy of the copy',
    async (version, store, protocol) => {
      const original = await unpackStore(store, makeScratch('served'));
      const expected = readContent(original);
      const { address, events, stop } = await serve(original);
      const backupDir = makeScratch('backups');
      const copy = await backUp(version, address, backupDir, protocol);
      await backUp(version, address, backupDir, protocol);
      await stop();
      expect(findContentDifferences(expected, readContent(copy))).toEqual([]);

      expect(events).toEqual(['full started', 'full finished', 'incremental started', 'incremental finished']);

      const copyOfCopy = await backUp(version, await serveByCommand(copy), makeScratch('backups'), protocol);
      expect(findContentDifferences(expected, readContent(copyOfCopy))).toEqual([]);
    },
  );

  it('the listener over a stopped store serves the Java client 3.4.9 a backup of ours whose log holds only a check point, then an incremental', async () => {
    const original = await unpackStore('3.4.9-standard', makeScratch('served'));
    const ours = makeScratch('ours');
    const first = await serve(original);
    await makeBackup(
      ours,
      { host: '127.0.0.1', port: Number(first.address.split(':')[1]) },
      { protocol: 'common', name: 'b' },
    );
    await first.stop();
    const { address, events } = await serve(path.join(ours, 'b'));
    const backupDir = makeScratch('backups');
    await backUp('3.4.9', address, backupDir, 'catchup');
    const copy = await backUp('3.4.9', address, backupDir, 'catchup');
    expect(findContentDifferences(readContent(original), readContent(copy))).toEqual([]);
    expect(events.slice(0, 2)).toEqual(['full started', 'full finished']);
    expect(events.at(-1)).toBe('incremental finished');
    expect(events).not.toContain('full aborted');
  });

  it('the listener over a stopped store serves the Java client 3.4.9 a copy over TLS, and nothing without', async () => {
    const authority = await TestIdentity.authority('authority');
    const trusted = [authority.pem];
    const sslPolicy = await loadPolicy({ identity: await authority.issue('server', { key: 'RSA' }), trusted });
    const original = await unpackStore('3.4.9-standard', makeScratch('served'));
    const { address, events } = await serve(original, sslPolicy);
    const { directory } = layOutPolicy({ identity: await authority.issue('client', { key: 'RSA' }), trusted });
    const secureConf = {
      'dbms.backup.ssl_policy': 'backup',
      'dbms.ssl.policy.backup.base_directory': directory,
    };
    const backupDir = makeScratch('backups');
    const options = { from: address, backupDir, name: 'b', args: ['--protocol=catchup'] };
    expect(await javaBackup('3.4.9', options)).toMatchObject({ code: 1 });
    expect(new Set(events)).toEqual(new Set(['refused']));
    for (let round = 0; round < 2; round++) {
      const done = await javaBackup('3.4.9', { ...options, secureConf });
      expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    }
    expect(findContentDifferences(readContent(original), readContent(path.join(backupDir, 'b')))).toEqual([]);
    const told = events.filter((event) => event !== 'refused');
    expect(told).toEqual(['full started', 'full finished', 'incremental started', 'incremental finished']);
  });
});
