import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runJob } from '../support/commands/run-job.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
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
  type RunningServer,
  type ServerOptions,
  startServer,
} from './harness/index.ts';

const incremental = { fallbackToFull: false };
/** A server that does not outlive its test, even if that fails. */
async function start(options: ServerOptions): Promise<RunningServer> {
  const server = await startServer(options);
  onTestFinished(() => server.kill());
  return server;
}

const open: typeof openCopy = async (...args) => {
  const server = await openCopy(...args);
  onTestFinished(() => server.kill());
  return server;
};

describeInterop('backup over the common protocol', () => {
  it.each(
    campaign.few(
      [
        { version: '3.4.9', format: 'standard', values: 'plain' },
        { version: '3.4.9', format: 'high_limit', values: 'everything' },
        { version: '3.5.0-beta03', format: 'standard', values: 'plain' },
        { version: '3.5.0-beta03', format: 'high_limit', values: 'everything' },
      ] as const,
      2,
    ),
  )(
    'a full and an incremental backup are made of $version $format with $values values',
    async ({ version, format, values }) => {
      const server = await start({ version, format });
      const load = new RandomLoad(server, { values });
      await load.run(400);
      const backupDir = makeScratch('backups');
      const backup = path.join(backupDir, 'b');
      // 3.4 keeps composite keys, booleans and arrays in Lucene.
      const complete = version !== '3.4.9' && values === 'plain';

      // While four connections write: a full backup and two incrementals.
      const ledger = new Ledger(server, { workers: 4 });
      await ledger.start();
      await ledger.reach(100);
      expect((await runJob(server.backupAddress, backupDir, 'b')).report.kind).toBe('full');
      let atLeast = ledger.acknowledged();
      for (let round = 1; round <= 2; round++) {
        await ledger.reach(100 + 150 * round);
        atLeast = ledger.acknowledged();
        expect((await runJob(server.backupAddress, backupDir, 'b', incremental)).report.kind).toBe('incremental');
        await expectSoundCheck(version, backup, complete);
      }
      const underLoad = await open(version, backup, { format });
      expect((await checkLedger(underLoad, ledger.seed, atLeast)).violations).toEqual([]);
      await underLoad.stop();
      await ledger.stop();

      // Without load, so that the whole graphs can be compared.
      for (let round = 1; round <= 3; round++) {
        await load.run(120);
        const { report, notes } = await runJob(server.backupAddress, backupDir, 'b', incremental);
        expect(report.kind).toBe('incremental');
        if (complete) expect(notes).toEqual([]);
        expect(readdirSync(backupDir)).toEqual(['b']);
        await expectSoundCheck(version, backup, complete);
      }
      expect((await runJob(server.backupAddress, backupDir, 'b', incremental)).report.kind).toBe('unchanged');
      const source = await exportGraph(server);
      const copy = await open(version, backup, { format });
      expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
      await copy.stop();
      await server.stop();
    },
  );

  it.each(campaign.few(['3.4.9', '3.5.0-beta03'] as const, 1))(
    "the Java client %s and we continue each other's backups",
    async (version) => {
      const server = await start({ version });
      const load = new RandomLoad(server, { values: 'plain' });
      await load.run(300);
      const backupDir = makeScratch('backups');
      const continueInTurns = async (name: string) => {
        await load.run(100);
        const done = await javaBackup(version, { from: server.backupAddress, backupDir, name });
        expect(done, done.stderr).toMatchObject({ code: 0 });
        await load.run(100);
        expect((await runJob(server.backupAddress, backupDir, name, incremental)).report.kind).toBe('incremental');
        await expectSoundCheck(version, path.join(backupDir, name), version !== '3.4.9');
      };
      await runJob(server.backupAddress, backupDir, 'ours');
      await continueInTurns('ours');
      await continueInTurns('ours');
      await continueInTurns('theirs');
      expect(readdirSync(backupDir).filter((name) => name.includes('graphkeep') || name.includes('.err'))).toEqual([]);
      const source = await exportGraph(server);
      for (const name of ['ours', 'theirs']) {
        await runJob(server.backupAddress, backupDir, name, incremental);
        const copy = await open(version, path.join(backupDir, name));
        expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
        await copy.stop();
      }
      await server.stop();
    },
  );
});
