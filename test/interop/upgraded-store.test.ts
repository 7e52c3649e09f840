import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BackupFailed, type BackupOptions } from '../../src/backup/backup-options.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { readMetadata, storeIdOf } from '../../src/store/files/neostore-metadata.ts';
import { relateStores, type StoreId } from '../../src/store/files/store-id.ts';
import { runJob } from '../support/commands/run-job.ts';
import {
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findChanges,
  findDifferences,
  type Graph,
  hashDirectory,
  javaBackup,
  makeScratch,
  openCopy,
  type RunningServer,
  startServer,
  type Version,
} from './harness/index.ts';

/*
 * A migration rewrites all records under other ids, but transaction numbers and checksums continue as before. So adding later transactions
 * to an earlier backup gives wrong values or, with long strings, no database at all. The Java client does that.
 */

const MIGRATION = { 'dbms.allow_upgrade': 'true', 'dbms.record_format': 'high_limit' };

const idOf = (directory: string): StoreId => storeIdOf(readMetadata(path.join(directory, 'neostore')));

/** Nodes with two integers, some with a long string; every third is deleted, so a migration gives properties other ids. */
async function fill(server: RunningServer): Promise<void> {
  await server.cypher('UNWIND range(1, 400) AS i CREATE (:N {a: i, b: i * 2})');
  await server.cypher('MATCH (n:N) WHERE n.a % 5 = 0 SET n.s = $long + n.a', { long: 'x'.repeat(500) });
  await server.cypher('MATCH (n:N) WHERE n.a % 3 = 0 DELETE n');
}

/** Properties of three nodes change, in place and with new records. */
async function change(server: RunningServer): Promise<void> {
  await server.cypher('MATCH (n:N) WHERE n.a IN [1, 5, 100] SET n.a = n.a + 1000, n.s = $long + "changed"', {
    long: 'y'.repeat(300),
  });
}

async function expectRefusal(backupDir: string, from: string, options: Partial<BackupOptions>): Promise<Error> {
  const backup = path.join(backupDir, 'b');
  const before = await hashDirectory(backup);
  const error = await runJob(from, backupDir, 'b', { fallbackToFull: false, ...options }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(BackupFailed);
  const cause = (error as BackupFailed).attempts.at(-1)!.error;
  expect(cause).toMatchObject({ code: 'peer.other-store', message: expect.stringContaining('an upgrade or a change') });
  expect(findChanges(before, await hashDirectory(backup))).toEqual([]);
  return cause as Error;
}

/** The content of a backup copy according to a server; the checkers must find the copy sound. */
async function readBackup(version: Version, directory: string): Promise<Graph> {
  await expectSoundCheck('3.4.9', directory, false);
  const copy = await openCopy(version, directory);
  const graph = await exportGraph(copy);
  await copy.stop();
  return graph;
}

async function serve(directory: string): Promise<{ address: string; stop(): Promise<void> }> {
  const store = await serveStore(directory);
  const listener = await BackupListener.start(store, { listen: { host: '127.0.0.1', port: 0 } });
  const stop = async () => {
    await listener.stop();
    await store.close();
  };
  return { address: `127.0.0.1:${listener.address.port}`, stop };
}

describeInterop('a store that is migrated', () => {
  it('a store migrated to high_limit by 3.4.9 allows no incremental over either protocol, from the server or from our listener', async () => {
    const backupDir = makeScratch('backups');
    const java = makeScratch('java');
    const javaRun = (version: Version, from: string, fallback: boolean) =>
      javaBackup(version, { from, backupDir: java, name: version, args: [`--fallback-to-full=${fallback}`] });
    const first = await startServer({ version: '3.4.9' });
    await fill(first);
    expect((await runJob(first.backupAddress, backupDir, 'b')).report.kind).toBe('full');
    for (const version of ['3.4.9', '3.5.0-beta03'] as const) {
      expect(await javaRun(version, first.backupAddress, true)).toMatchObject({ code: 0 });
    }
    await first.stop();
    const old = idOf(first.storeDirectory);

    const server = await startServer({ version: '3.4.9', home: first.home, conf: MIGRATION });
    await change(server);
    const upgraded = idOf(server.storeDirectory);
    expect(relateStores(old, upgraded)).toBe('upgraded');
    const refusal = await expectRefusal(backupDir, server.backupAddress, { protocol: 'common' });
    expect(refusal).toMatchObject({
      observed: expect.stringMatching(/^server: .*vE\.H\.4, upgraded .*; backup: .*v0\.A\.9$/),
    });
    const source = await exportGraph(server);
    const stillOld = makeScratch('still-old');
    cpSync(path.join(backupDir, 'b'), path.join(stillOld, 'b'), { recursive: true });
    const { report } = await runJob(server.backupAddress, backupDir, 'b', { protocol: 'common' });
    expect(report).toMatchObject({ kind: 'full', fallback: { reason: expect.stringContaining('upgrade') } });
    expect(idOf(path.join(backupDir, 'b'))).toEqual(upgraded);
    await server.cypher('CREATE (:N {a: -1})');
    const next = await runJob(server.backupAddress, backupDir, 'b', { protocol: 'common', fallbackToFull: false });
    expect(next.report.kind).toBe('incremental');
    await server.cypher('MATCH (n:N {a: -1}) DELETE n');
    await runJob(server.backupAddress, backupDir, 'b', { protocol: 'common', fallbackToFull: false });
    await server.stop();
    expect(findDifferences(source, await readBackup('3.4.9', path.join(backupDir, 'b')))).toEqual([]);

    const listener = await serve(server.storeDirectory);
    for (const protocol of ['common', 'catchup'] as const) {
      await expectRefusal(stillOld, listener.address, { protocol });
    }
    // The real clients would continue, so they get nothing; if allowed to, they make a full backup.
    for (const version of ['3.4.9', '3.5.0-beta03'] as const) {
      const before = await hashDirectory(path.join(java, version));
      const refused = await javaBackup(version, {
        from: listener.address,
        backupDir: java,
        name: version,
        args: ['--fallback-to-full=false', '--protocol=common'],
      });
      expect(refused.code, refused.stdout + refused.stderr).not.toBe(0);
      const changed = findChanges(before, await hashDirectory(path.join(java, version)));
      // It opens the backup as a database before it asks: trees and log get new pages and a check point, but records must not change.
      expect(changed.filter((name) => /^neostore\.(node|relationship|property|schema)/.test(name))).toEqual([]);
      expect(idOf(path.join(java, version))).toEqual(old);
      const made = await javaRun(version, listener.address, true);
      expect(made, made.stdout + made.stderr).toMatchObject({ code: 0 });
      expect(idOf(path.join(java, version))).toEqual(upgraded);
      expect(await javaRun(version, listener.address, false)).toMatchObject({ code: 0 });
    }
    await listener.stop();
    expect(findDifferences(source, await readBackup('3.4.9', path.join(java, '3.4.9')))).toEqual([]);
  });
});

describeInterop('a store that is opened by a newer release in the same format', () => {
  it.each(['3.5.0-beta03', '3.5.34'] as const)(
    'a store opened by %s, a newer release with the same format, keeps its identity, and incrementals continue',
    async (version) => {
      const backupDir = makeScratch('backups');
      const first = await startServer({ version: '3.4.9' });
      await fill(first);
      expect((await runJob(first.backupAddress, backupDir, 'b')).report.kind).toBe('full');
      await first.stop();
      const old = idOf(first.storeDirectory);

      const server = await startServer({ version, home: first.home, conf: { 'dbms.allow_upgrade': 'true' } });
      await change(server);
      const source = await exportGraph(server);
      const incremental = (from: string, protocol: 'common' | 'catchup') =>
        runJob(from, backupDir, 'b', { fallbackToFull: false, protocol });
      if (version !== '3.5.34') {
        expect((await incremental(server.backupAddress, 'common')).report.kind).toBe('incremental');
      }
      await server.stop();
      expect(relateStores(old, idOf(server.storeDirectory))).toBe('same');
      const listener = await serve(server.storeDirectory);
      const kinds = [];
      for (const protocol of ['catchup', 'common'] as const) {
        kinds.push((await incremental(listener.address, protocol)).report.kind);
      }
      await listener.stop();
      expect(kinds).toEqual([version === '3.5.34' ? 'incremental' : 'unchanged', 'unchanged']);
      expect(findDifferences(source, await readBackup(version, path.join(backupDir, 'b')))).toEqual([]);
    },
  );
});
