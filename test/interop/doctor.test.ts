import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listLogFiles } from '../../src/log/log-files.ts';
import { findLastCheckPoint } from '../../src/log/v3/check-points.ts';
import { openObjectStore } from '../../src/objects/opening/open-object-store.ts';
import { attemptBackup } from '../support/commands/backup-attempt.ts';
import { checksAt, examine, findingOf } from '../support/commands/doctor-options.ts';
import { runJob, runLiveJob } from '../support/commands/run-job.ts';
import {
  describeInterop,
  graphkeep,
  Ledger,
  makeScratch,
  RandomLoad,
  type RunningServer,
  startServer,
} from './harness/index.ts';
import { ModernLoad, ModernServer, selectRunnable } from './harness/modern/index.ts';

const placeOf = ({ storeDirectory }: RunningServer) => ({ directory: storeDirectory, logDirectory: storeDirectory });

/** What depends on the machine of the test and not on the server. */
const OF_THE_MACHINE = ['memory', 'same-disk', 'target-disk', 'room'];
/** The rate of a load that lasts seconds makes every retention short; small log files are what the harness wants. */
const OF_THE_LOAD = ['retention', 'continuation', 'log-settings'];

describeInterop('the doctor beside a real server', () => {
  it('a sound server under load has nothing to complain about, from its files', async () => {
    const server = await startServer({ version: '3.5.34' });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'everything' });
    await load.run(200);
    const to = { backupDir: makeScratch('backups'), name: 'live' };
    const ledger = new Ledger(server, { workers: 2 });
    await ledger.start();
    for (const hasBackup of [false, true]) {
      await ledger.advance(50);
      const diagnosis = await examine({ from: { path: server.home }, to });
      const complaints = [
        ...checksAt('fail', diagnosis),
        ...checksAt('warn', diagnosis),
        ...checksAt('unknown', diagnosis),
      ];
      expect(complaints.filter((check) => !OF_THE_MACHINE.includes(check))).toEqual([]);
      expect(findingOf('server', diagnosis).observed).toBe(`a server runs on it (process ${server.pid})`);
      expect(findingOf('database', diagnosis).observed).toContain(path.join(server.home, 'conf/neo4j.conf'));
      if (hasBackup) expect(findingOf('continuation', diagnosis).observed).toMatch(/^yes: the log has transaction/);
      else await runLiveJob(placeOf(server), to.backupDir, to.name);
    }
    await ledger.stop();
    await server.stop();
    const stopped = await examine({ from: { path: server.home }, to });
    expect(findingOf('server', stopped).observed).toContain('it was closed cleanly');
    expect(checksAt('fail', stopped)).toEqual([]);
  });

  it('settings that hurt are told, and what is foretold of the next backup comes true', async () => {
    const conf = {
      'dbms.checkpoint.interval.time': '2s',
      'dbms.tx_log.rotation.size': '1m',
      'dbms.tx_log.rotation.retention_policy': 'false',
    };
    const server = await startServer({ version: '3.5.34', conf });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'everything' });
    await load.run(100);
    const to = { backupDir: makeScratch('backups'), name: 'live' };
    await runLiveJob(placeOf(server), to.backupDir, to.name);
    const first = listLogFiles(server.storeDirectory).highest!;
    while (listLogFiles(server.storeDirectory).lowest! <= first) await load.run(50);
    const diagnosis = await examine({ from: { path: server.home }, to });
    expect(checksAt('warn', diagnosis)).toEqual(expect.arrayContaining(['retention', 'log-settings', 'continuation']));
    expect(findingOf('retention', diagnosis).numbers!.longestPauseMs).toBeLessThan(3_600_000);
    expect(checksAt('fail', diagnosis)).toEqual([]);
    const { error } = await attemptBackup(to.backupDir, placeOf(server), { name: to.name, fallbackToFull: false });
    expect(error?.code).toBe('peer.history-pruned');
  });

  it.each(['3.4.9', '3.5.0-beta03'] as const)(
    'a server of %s is asked over the network without a check point',
    async (version) => {
      const server = await startServer({ version });
      onTestFinished(() => server.kill());
      const load = new RandomLoad(server, { values: 'plain' });
      await load.run(50);
      const to = { backupDir: makeScratch('backups'), name: 'net' };
      const [host, port] = server.backupAddress.split(':');
      const from = { host: host!, port: Number(port) };
      const checkPoint = findLastCheckPoint(server.storeDirectory);
      const before = await examine({ from, to });
      expect(findingOf('protocol', before).observed).toContain('answers in the common protocol, Neo4j 3.4 or 3.5');
      expect(checksAt('fail', before)).toEqual([]);
      expect(findLastCheckPoint(server.storeDirectory)).toEqual(checkPoint);
      await runJob(server.backupAddress, to.backupDir, to.name);
      expect(findingOf('continuation', await examine({ from, to })).observed).toContain('nothing after');
      await load.run(20);
      const made = findLastCheckPoint(server.storeDirectory);
      expect(findingOf('continuation', await examine({ from, to })).observed).toContain(
        'the server still has transaction',
      );
      expect(findLastCheckPoint(server.storeDirectory)).toEqual(made);
      // The server goes on to serve whoever asks.
      expect((await runJob(server.backupAddress, to.backupDir, to.name, { fallbackToFull: false })).report.kind).toBe(
        'incremental',
      );
    },
  );

  it.each(selectRunnable(['5.26.30']))(
    'a sound server of %s under load has nothing to complain about',
    async (version) => {
      const server = await ModernServer.start({ version });
      onTestFinished(() => server.kill());
      const load = new ModernLoad(server, {});
      await load.start();
      await load.advance(30);
      const folder = path.join(makeScratch('doctor'), 'repository');
      await graphkeep('repo', 'init', `--repo=${folder}`, '--no-encryption');
      const place = { database: undefined, open: () => openObjectStore(folder) };
      for (const hasBackup of [false, true]) {
        await load.advance(20);
        const diagnosis = await examine({ from: { path: server.home }, database: 'neo4j', repositories: [place] });
        const complaints = diagnosis.findings.filter(({ level }) => level !== 'ok').map(({ check }) => check);
        expect(complaints.filter((check) => ![...OF_THE_MACHINE, ...OF_THE_LOAD].includes(check))).toEqual([]);
        expect(checksAt('fail', diagnosis)).toEqual([]);
        expect(findingOf('server', diagnosis).observed).toBe(`a server runs on it (process ${server.pid})`);
        const { observed } = findingOf('backup', diagnosis);
        if (hasBackup) expect(findingOf('continuation', diagnosis).observed).toMatch(/^yes: the log has transaction/);
        else expect(observed).toContain('none yet');
        // What was foretold comes true.
        const made = await graphkeep('backup', `--from=file:${server.home}`, `--repo=${folder}`, '--database=neo4j');
        expect(made.kind).toBe(hasBackup ? 'incremental' : 'full');
      }
      await load.stop();
      await server.stop();
      const stopped = await examine({ from: { path: server.home }, database: 'neo4j', repositories: [place] });
      expect(findingOf('server', stopped).observed).toContain('it was closed cleanly');
      expect(checksAt('fail', stopped)).toEqual([]);
    },
  );
});
