import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeError } from '../../src/base/errors.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { LiveFilesPlace } from '../../src/serve/live-files/live-files-place.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
  awaitIndexes,
  checkConsistency,
  checkLedger,
  createSchema,
  describeInterop,
  exportGraph,
  findDifferences,
  javaBackup,
  Ledger,
  makeScratch,
  openCopy,
  RandomLoad,
  type RunningServer,
  restless,
  startServer,
  type Version,
} from './harness/index.ts';

/** It prunes what it can, and has no index that the published Java clients cannot read: not the native-btree ones of 3.5.34. */
const served = {
  ...restless,
  'dbms.tx_log.rotation.retention_policy': '30M size',
  'dbms.index.default_schema_provider': 'lucene+native-2.0',
};

/** Serves the database in a directory; returns the address. */
async function serveLive(directory: string) {
  const place = await LiveFilesPlace.open({
    locate: async () => ({ directory, logDirectory: directory }),
    spoolDirectory: makeScratch('spool'),
  });
  const events: ListenerEvent[] = [];
  const listener = await BackupListener.start(place, {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: (event) => {
      events.push(event);
      // What a Java client prints says little.
      if ('error' in event) console.log(`${event.kind}: ${describeError(event.error)}`);
    },
  });
  onTestFinished(async () => {
    await listener.stop();
    await place.close();
  });
  const { host, port } = listener.address;
  const finished = () => events.flatMap((event) => (event.kind === 'finished' ? [event.request] : []));
  return { address: `${host}:${port}`, finished };
}

/**
 * Starts a server that has the indexes of the random load. They are made while check points are rare: 3.5.34 locks itself up more easily
 * while it populates indexes.
 */
async function start(version: Version): Promise<RunningServer> {
  const { 'dbms.checkpoint.interval.time': _, ...calm } = served;
  const first = await startServer({ version, conf: calm });
  onTestFinished(() => first.kill());
  await createSchema(first, { fulltext: false });
  await awaitIndexes(first);
  await first.stop();
  const server = await startServer({ version, home: first.home, conf: served });
  onTestFinished(() => server.kill());
  return server;
}

/** Opens a backup with the real server: the ledger must be whole, up to what was acknowledged before the backup. */
async function expectWhole(version: Version, backup: string, ledger: Ledger, atLeast: number[]): Promise<void> {
  const copy = await openCopy(version, backup);
  onTestFinished(() => copy.kill());
  expect((await checkLedger(copy, ledger.seed, atLeast)).violations).toEqual([]);
  await copy.kill();
}

/** A backup in which neither the client nor the checkers find anything. */
async function backUp(client: Version, from: string, backupDir: string, name: string, args: string[]): Promise<void> {
  const done = await javaBackup(client, { from, backupDir, name, args, check: true });
  expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  expect(done.stdout).toContain('Backup complete.');
  expect(await checkConsistency(client, path.join(backupDir, name))).toEqual({ consistent: true, report: '' });
}

/**
 * Every combination of a server that has no online backup, or is treated as such, and a client that can open its stores. The long form
 * tries all of them, the short form the one that the seed chooses.
 */
const combinations = campaign.few<[Version, Version, string]>(
  [
    ['3.5.34', '3.5.0-beta03', 'catchup'],
    ['3.5.34', '3.5.0-beta03', 'common'],
    ['3.5.34', '3.4.9', 'catchup'],
    ['3.5.34', '3.4.9', 'common'],
    ['3.4.9', '3.4.9', 'catchup'],
    ['3.4.9', '3.4.9', 'common'],
  ],
  1,
);

describeInterop('the files of a running server, served to Java clients', () => {
  it.each(combinations)(
    'the files of a running %s give the Java client %s a full and three incrementals over the %s protocol',
    async (version, client, protocol) => {
      const server = await start(version);
      const load = new RandomLoad(server, { values: 'everything', schema: false });
      await load.run(300);
      const { address, finished } = await serveLive(server.storeDirectory);
      const backupDir = makeScratch('backups');
      const only = `--protocol=${protocol}`;
      const ledger = new Ledger(server, { workers: 3 });
      await ledger.start();
      for (let round = 0; round <= 3; round++) {
        await ledger.advance(200);
        const atLeast = ledger.acknowledged();
        await backUp(client, address, backupDir, 'ledger', [only, `--fallback-to-full=${round === 0}`]);
        if (round === 0 || round === 3) await expectWhole(version, path.join(backupDir, 'ledger'), ledger, atLeast);
      }
      await ledger.stop();
      expect(finished()).toEqual(['full', 'incremental', 'incremental', 'incremental']);

      // Every kind of value in indexes, while the copy is made.
      await load.start();
      await backUp(client, address, backupDir, 'load', [only]);
      await load.stop();
      await backUp(client, address, backupDir, 'load', [only, '--fallback-to-full=false']);
      const copy = await openCopy(version, path.join(backupDir, 'load'));
      onTestFinished(() => copy.kill());
      expect(findDifferences(await exportGraph(server), await exportGraph(copy))).toEqual([]);
    },
  );

  const withExplicitIndexes: [Version, Version][] = [
    ['3.5.34', '3.5.0-beta03'],
    ['3.4.9', '3.4.9'],
  ];
  it.each(withExplicitIndexes.slice(0, campaign.size(2, 1)))(
    'explicit indexes of a running %s are complete in backups of the Java client %s',
    async (version, client) => {
      const server = await start(version);
      const load = new RandomLoad(server, { values: 'plain', schema: false, explicitIndexes: true });
      await load.run(200);
      const { address } = await serveLive(server.storeDirectory);
      const backupDir = makeScratch('backups');
      for (const protocol of ['catchup', 'common']) {
        await load.start();
        await backUp(client, address, backupDir, protocol, [`--protocol=${protocol}`]);
        await load.stop();
        await backUp(client, address, backupDir, protocol, [`--protocol=${protocol}`, '--fallback-to-full=false']);
        const source = await exportGraph(server);
        expect(source.explicitIndexes).not.toEqual([]);
        const copy = await openCopy(version, path.join(backupDir, protocol));
        onTestFinished(() => copy.kill());
        expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
        await copy.kill();
      }
    },
  );

  it.each(campaign.sample(['stopped', 'killed'] as const))(
    'a server that is %s and started again while clients are served loses nothing in their backups',
    async (how) => {
      let server = await start('3.5.34');
      const { home } = server;
      const load = new RandomLoad(server, { values: 'everything', schema: false });
      await load.run(200);
      const { address, finished } = await serveLive(server.storeDirectory);
      const backupDir = makeScratch('backups');
      const overCatchup = (name: string, ...args: string[]) =>
        backUp('3.5.0-beta03', address, backupDir, name, ['--protocol=catchup', ...args]);
      const overCommon = (name: string, ...args: string[]) =>
        backUp('3.4.9', address, backupDir, name, ['--protocol=common', ...args]);
      const again = '--fallback-to-full=false';
      await load.start();
      await overCatchup('before');
      // The server goes down while these run; what it had acknowledged is in its files.
      const halted = how === 'stopped' ? server.stop() : server.kill();
      await Promise.all([halted, overCatchup('before', again), overCommon('meanwhile')]);
      await load.stop();
      // Nobody runs the database now: it waits for its recovery, if it was killed.
      await overCommon('meanwhile', again);
      await overCatchup('down');
      server = await startServer({ version: '3.5.34', home, conf: served });
      onTestFinished(() => server.kill());
      for (const name of ['before', 'down']) await overCatchup(name, again);
      expect(finished()).toHaveLength(7);
      const source = await exportGraph(server);
      for (const name of ['before', 'down']) {
        const copy = await openCopy('3.5.34', path.join(backupDir, name));
        onTestFinished(() => copy.kill());
        expect(findDifferences(source, await exportGraph(copy)), name).toEqual([]);
        await copy.kill();
      }
    },
  );
});
