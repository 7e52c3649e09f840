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

interface SeenEvent {
  kind: string;
  atMs: number;
}

/** Serves a directory that no server uses, in this process. */
async function serve(directory: string): Promise<{ address: string; events: SeenEvent[]; stop(): Promise<void> }> {
  const store = await serveStore(directory);
  const events: SeenEvent[] = [];
  const listener = await BackupListener.start(store, {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: ({ kind, ...event }) =>
      events.push({ kind: 'request' in event ? `${event.request} ${kind}` : kind, atMs: performance.now() }),
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

async function backUp(version: Version, from: string, backupDir: string): Promise<string> {
  const done = await javaBackup(version, { from, backupDir, name: 'b', check: true, args: ['--timeout=10m'] });
  expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  return path.join(backupDir, 'b');
}

describeInterop('the listener over a stopped store', () => {
  it.each<[Version, string]>([
    ['3.4.9', '3.4.9-standard'],
    ['3.5.0-beta03', '3.5.0-beta03-high_limit'],
  ])('gives the Java client %s a copy of %s, and a copy of the copy', async (version, store) => {
    const original = await unpackStore(store, makeScratch('served'));
    const expected = readContent(original);
    const { address, events, stop } = await serve(original);
    const backupDir = makeScratch('backups');
    const copy = await backUp(version, address, backupDir);
    await backUp(version, address, backupDir);
    await stop();
    expect(findContentDifferences(expected, readContent(copy))).toEqual([]);

    // It tries the protocol of clusters first, and has to notice at once that it is not spoken here.
    const kinds = events.map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['refused', 'full started', 'full finished'],
      ...['refused', 'incremental started', 'incremental finished'],
    ]);
    for (const refused of [0, 3]) expect(events[refused + 1]!.atMs - events[refused]!.atMs).toBeLessThan(10_000);

    const copyOfCopy = await backUp(version, await serveByCommand(copy), makeScratch('backups'));
    expect(findContentDifferences(expected, readContent(copyOfCopy))).toEqual([]);
  });
});
