import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listLogFiles } from '../../src/log/log-files.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import type { LiveFilesOptions } from '../../src/source/live-files/live-files-source.ts';
import { runLiveJob } from '../support/commands/run-job.ts';
import { WatchedProgram } from '../support/live/watched-program.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
  checkLedger,
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  Ledger,
  makeScratch,
  openCopy,
  RandomLoad,
  type RunningServer,
  restless,
  startServer,
  type Version,
} from './harness/index.ts';

/** It prunes what it can. */
const pruning = { ...restless, 'dbms.tx_log.rotation.retention_policy': '5M size' };

async function start(version: Version, conf: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startServer({ version, conf: { ...pruning, ...conf } });
  onTestFinished(() => server.kill());
  return server;
}

function placeOf(server: RunningServer): LiveFilesOptions {
  const directory = path.join(server.home, 'data/databases/graph.db');
  return { directory, logDirectory: directory };
}

/** Opens a backup with the real server: the ledger must be whole, up to what was acknowledged before the backup. */
async function expectWhole(version: Version, backup: string, ledger: Ledger, atLeast: number[]): Promise<void> {
  const copy = await openCopy(version, backup);
  onTestFinished(() => copy.kill());
  if (version === '3.5.34') await expectIndexesAccepted(copy);
  expect((await checkLedger(copy, ledger.seed, atLeast)).violations).toEqual([]);
  await copy.kill();
}

/** The server must accept the indexes of a backup as they are; only fulltext indexes, those on titles, are left to it. */
async function expectIndexesAccepted(copy: RunningServer): Promise<void> {
  const log = await copy.debugLog();
  expect(log).toContain('ONLINE');
  const populated = log.split('\n').filter((line) => /POPULATING|[Rr]ebuild/.test(line));
  expect(populated.filter((line) => !line.includes('title'))).toEqual([]);
}

/** Waits until the server has written a check point after its last transaction. */
async function awaitCheckPoint(server: RunningServer): Promise<void> {
  while (findRecoveryStart(server.storeDirectory).needed) await server.cypher('RETURN 1');
}

describeInterop('backup of a running server from its files', () => {
  it.each(campaign.few(['3.5.34', '3.4.9'] as const, 1))(
    'a full and three incremental backups are made of %s while it is written',
    async (version) => {
      // Writers go on while a backup is checked, however long that takes: the log must reach back to it.
      const server = await start(version, { 'dbms.tx_log.rotation.retention_policy': '500M size' });
      const load = new RandomLoad(server, { values: 'everything' });
      await load.run(300);
      const backupDir = makeScratch('backups');
      const backup = path.join(backupDir, 'live');
      const ledger = new Ledger(server, { workers: 3 });
      await ledger.start();
      for (let round = 0; round <= 3; round++) {
        await ledger.advance(200);
        const atLeast = ledger.acknowledged();
        const { report } = await runLiveJob(placeOf(server), backupDir, 'live', { fallbackToFull: round === 0 });
        expect(report.kind).toBe(round === 0 ? 'full' : 'incremental');
        await expectSoundCheck(version, backup, false);
        if (round === 0 || round === 3) await expectWhole(version, backup, ledger, atLeast);
      }
      await ledger.stop();
      await load.run(30);
      await runLiveJob(placeOf(server), backupDir, 'live', { fallbackToFull: false });
      const copy = await openCopy(version, backup);
      onTestFinished(() => copy.kill());
      expect(findDifferences(await exportGraph(server), await exportGraph(copy))).toEqual([]);
    },
  );

  it.each(campaign.few(['3.5.34', '3.4.9'] as const, 1))(
    'explicit indexes of %s are copied while they are written, and the server completes them',
    async (version) => {
      const server = await start(version);
      const load = new RandomLoad(server, { values: 'plain', explicitIndexes: true });
      // A log that does not go back to the beginning needs a check point to be recovered from.
      do await load.run(200);
      while (listLogFiles(server.storeDirectory).highest === 0);
      const backupDir = makeScratch('backups');
      await load.start();
      const { notes } = await runLiveJob(placeOf(server), backupDir, 'live');
      await load.stop();
      expect(notes.join('\n')).toContain('change explicit indexes');
      await load.run(50);
      await runLiveJob(placeOf(server), backupDir, 'live', { fallbackToFull: false });
      const source = await exportGraph(server);
      expect(source.explicitIndexes).not.toEqual([]);
      const copy = await openCopy(version, path.join(backupDir, 'live'));
      onTestFinished(() => copy.kill());
      expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
      await copy.stop();
      await expectSoundCheck(version, copy.storeDirectory, false);
    },
  );

  it.each(campaign.few(['3.5.34', '3.4.9'] as const, 1))(
    'label scan store, indexes and counts of %s at rest are in the backup as they are',
    async (version) => {
      const server = await start(version);
      const load = new RandomLoad(server, { values: 'everything', fulltext: false });
      await load.run(400);
      await awaitCheckPoint(server);
      const backupDir = makeScratch('backups');
      const { notes, events } = await runLiveJob(placeOf(server), backupDir, 'live');
      expect(notes).toEqual([]);
      const copied = events.flatMap((event) => (event.kind === 'file-ended' ? [event.name] : []));
      expect(copied).toContain('neostore.labelscanstore.db');
      expect(copied.filter((name) => name.startsWith('neostore.counts.db.'))).toHaveLength(1);
      await expectSoundCheck(version, path.join(backupDir, 'live'), true);
      const copy = await openCopy(version, path.join(backupDir, 'live'));
      onTestFinished(() => copy.kill());
      await expectIndexesAccepted(copy);
      expect(findDifferences(await exportGraph(server), await exportGraph(copy))).toEqual([]);
    },
  );

  it('the program needs no right to write to the directories of a server under load, and no call tries to', async () => {
    const server = await start('3.5.34');
    const ledger = new Ledger(server, { workers: 3 });
    await ledger.start();
    await ledger.advance(200);
    const program = new WatchedProgram(server.home, makeScratch('calls'));
    const backup = path.join(makeScratch('backups'), 'live');
    expect(await program.backUp(backup)).toBe('full');
    await ledger.advance(200);
    expect(await program.backUp(backup)).toBe('incremental');
    await ledger.stop();
    expect(program.harmful).toEqual([]);
    expect(program.countOpened('neostore.nodestore.db')).not.toBe(0);
    await expectSoundCheck('3.5.34', backup, false);
  });
});
