import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checksAt, examine, findingOf } from '../support/commands/doctor-options.ts';
import { runJob } from '../support/commands/run-job.ts';
import {
  type Cluster,
  checkLedger,
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  javaBackup,
  Ledger,
  makeScratch,
  openCopy,
  RandomLoad,
  startCluster,
} from './harness/index.ts';

const version = '3.5.0-beta03';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ version });
});
afterAll(() => cluster?.kill());

describeInterop('backup of a causal cluster of 3.5', () => {
  it('a cluster of 3.5 is backed up while it writes, full and three incrementals, by us and the Java client in turns', async ({
    onTestFailed,
  }) => {
    onTestFailed(() => console.log(cluster.console()));
    const load = new RandomLoad(cluster, { values: 'plain' });
    await load.run(200);
    const ledger = new Ledger(cluster, { workers: 2, survive: true });
    await ledger.start();
    const backupDir = makeScratch('backups');
    const backup = path.join(backupDir, 'b');
    const follower = await cluster.follower();
    const run = (fallbackToFull: boolean) =>
      runJob(follower.backupAddress, backupDir, 'b', { protocol: 'catchup', fallbackToFull });
    for (const kind of ['full', 'incremental', 'incremental', 'incremental']) {
      await ledger.advance(150);
      await cluster.awaitCaughtUp(follower);
      expect((await run(kind === 'full')).report.kind).toBe(kind);
      await expectSoundCheck(version, backup, true);
    }
    const theirs = await javaBackup(version, { from: follower.backupAddress, backupDir, name: 'b' });
    expect(theirs, theirs.stderr).toMatchObject({ code: 0 });
    await ledger.advance(50);
    const [host, port] = follower.backupAddress.split(':');
    const diagnosis = await examine({ from: { host: host!, port: Number(port) }, to: { backupDir, name: 'b' } });
    expect(checksAt('fail', diagnosis)).toEqual([]);
    expect(findingOf('protocol', diagnosis).observed).toContain('answers in the catchup protocol');
    expect(findingOf('continuation', diagnosis).observed).toMatch(/^yes: the server still has transaction/);
    const atLeast = await ledger.stop();
    const last = await cluster.awaitCaughtUp(follower);
    expect((await run(false)).report).toMatchObject({ kind: 'incremental', lastTransaction: last });
    await expectSoundCheck(version, backup, true);
    const copy = await openCopy(version, backup);
    expect((await checkLedger(copy, ledger.seed, atLeast)).violations).toEqual([]);
    expect(findDifferences(await exportGraph(cluster), await exportGraph(copy))).toEqual([]);
    await copy.kill();
  });
});
