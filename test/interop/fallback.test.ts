import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BackupFailed } from '../../src/backup/backup-options.ts';
import { runJob } from '../support/commands/run-job.ts';
import {
  describeInterop,
  exportGraph,
  findChanges,
  findDifferences,
  hashDirectory,
  makeScratch,
  openCopy,
  type RunningServer,
  startServer,
} from './harness/index.ts';

const noFallback = { fallbackToFull: false };

async function write(server: RunningServer, nodes: number): Promise<void> {
  await server.cypher('UNWIND range(1, $nodes) AS i CREATE (:Thing {i: i, text: "some text " + i})', { nodes });
}

/** The failure of a job whose server or target is not as it should be; the old backup must be unchanged. */
async function expectFailure(backup: string, run: () => Promise<unknown>, code: string): Promise<void> {
  const before = await hashDirectory(backup);
  const error = await run().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(BackupFailed);
  expect((error as BackupFailed).attempts[0]?.error).toMatchObject({ code });
  expect(findChanges(before, await hashDirectory(backup))).toEqual([]);
}

describeInterop('incremental that is not possible', () => {
  it('pruned history, another database and a stopped server are refused, or replaced by a full backup three times in a row', async () => {
    const conf = { 'dbms.tx_log.rotation.retention_policy': 'false', 'dbms.tx_log.rotation.size': '1M' };
    const server = await startServer({ version: '3.4.9', conf });
    await write(server, 100);
    const backupDir = makeScratch('backups');
    const backup = path.join(backupDir, 'b');
    const run = (options = {}) => runJob(server.backupAddress, backupDir, 'b', options);
    expect((await run()).report.kind).toBe('full');

    // Logs rotate at 1 MB and are pruned at the check point that every full backup makes.
    const prune = async () => {
      for (let i = 0; i < 6; i++) await write(server, 10_000);
      await runJob(server.backupAddress, makeScratch('other'), 'check-point');
    };
    await prune();
    await expectFailure(backup, () => run(noFallback), 'peer.history-pruned');
    for (let n = 0; n < 3; n++) {
      const { report } = await run();
      expect(report).toMatchObject({ kind: 'full', fallback: { movedTo: `${backup}.err.${n}` } });
      expect((await run(noFallback)).report.kind).toBe('unchanged');
      await prune();
    }
    expect(readdirSync(backupDir).sort()).toEqual(['b', 'b.err.0', 'b.err.1', 'b.err.2']);

    const other = await startServer({ version: '3.4.9' });
    await write(other, 5);
    await expectFailure(backup, () => runJob(other.backupAddress, backupDir, 'b', noFallback), 'peer.other-store');
    expect((await runJob(other.backupAddress, backupDir, 'b')).report.fallback?.movedTo).toBe(`${backup}.err.3`);
    const source = await exportGraph(other);
    await other.stop();
    await expectFailure(backup, () => runJob(other.backupAddress, backupDir, 'b', noFallback), 'peer.unreachable');
    await expectFailure(backup, () => runJob(other.backupAddress, backupDir, 'b'), 'peer.unreachable');
    expect(existsSync(`${backup}.err.4`)).toBe(false);
    await server.stop();

    const copy = await openCopy('3.4.9', backup);
    expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
    await copy.stop();
  });

  it('a server restored to an older state is noticed, not mixed in', async () => {
    const server = await startServer({ version: '3.5.0-beta03' });
    await write(server, 10);
    const backupDir = makeScratch('backups');
    const old = path.join(backupDir, 'old');
    await runJob(server.backupAddress, backupDir, 'old');
    await write(server, 10);
    const backup = path.join(backupDir, 'b');
    await runJob(server.backupAddress, backupDir, 'b');
    await server.stop();

    const restored = await openCopy('3.5.0-beta03', old);
    const run = () => runJob(restored.backupAddress, backupDir, 'b', noFallback);
    await expectFailure(backup, run, 'peer.behind');
    for (let i = 0; i < 5; i++) await write(restored, 1);
    await expectFailure(backup, run, 'peer.diverged');
    await restored.stop();
  });
});
