import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/stopped-store.ts';
import { unpackStore } from '../support/golden-store.ts';
import { findContentDifferences } from '../support/model-graph.ts';
import { readContent } from '../support/stored-content.ts';
import { startProcess } from './harness/child-process.ts';
import { describeInterop, javaBackup, makeScratch, type Version } from './harness/index.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/entry/graphkeep.ts', import.meta.url));

/** Serves a directory that no server uses, in this process. */
async function serve(directory: string): Promise<{ address: string; events: string[]; stop(): Promise<void> }> {
  const store = await serveStore(directory);
  /** What happened, with the request. */
  const events: string[] = [];
  const listener = await BackupListener.start(store, {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: ({ kind, ...event }) => events.push('request' in event ? `${event.request} ${kind}` : kind),
  });
  const stop = async () => {
    await listener.stop();
    await store.close();
  };
  onTestFinished(stop);
  return { address: `127.0.0.1:${listener.address.port}`, events, stop };
}

/** Serves a directory with the command that users have; gives the address. */
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

async function backUp(version: Version, from: string, backupDir: string, protocol = 'any'): Promise<string> {
  const args = ['--timeout=10m', `--protocol=${protocol}`];
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
    'gives the Java client %s a copy of %s over the %s protocol, and a copy of the copy',
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
});
