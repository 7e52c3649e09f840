import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { BackupListener, type ListenerOptions } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../src/store/files/store-files.ts';
import { findContentDifferences, type GraphLedger } from '../support/history/model-graph.ts';
import { RecordedTransaction } from '../support/history/recorded-transaction.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { readContent } from '../support/stores/stored-content.ts';
import {
  checkConsistency,
  describeInterop,
  exportGraph,
  findDifferences,
  javaBackup,
  makeScratch,
  modelExport,
  openCopy,
  startJavaBackup,
  type Version,
  withoutTokens,
} from './harness/index.ts';

const SCHEMA = {
  indexes: ['INDEX ON :Person(uid) ONLINE node_unique_property', 'INDEX ON :Thing(name) ONLINE node_label_property'],
  constraints: ['CONSTRAINT ON ( person:Person ) ASSERT person.uid IS UNIQUE'],
};

interface ServedLoad {
  database: EmbeddedDatabase;
  load: EmbeddedLoad;
  listener: BackupListener;
  /** `host:port`. */
  address: string;
  /** Events of the listener by their kinds. */
  events: EventEmitter;
}

/** A served live database with some content and indexes that 3.4 knows; writers run from here on. */
async function serveLoad(options: Partial<ListenerOptions> = {}): Promise<ServedLoad> {
  console.log(`embedded load: GRAPHKEEP_SEED=${SEED}`);
  const database = await EmbeddedDatabase.open(path.join(makeScratch('embedded'), 'graph.db'), {
    indexProvider: { key: 'lucene+native', version: '2.0' },
    rotationBytes: 1024 * 1024,
    retention: { keep: 'size', bytes: 64 * 1024 * 1024 },
    checkPointTransactions: 1000,
  });
  onTestFinished(() => database.close());
  const [name] = loadSchema.indexes;
  await database.createIndex(name.label, name.keys);
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  const load = new EmbeddedLoad(database, { seed: SEED, nativeOnly: true });
  await load.run(2000);
  const events = new EventEmitter();
  const listener = await BackupListener.start(serveEmbedded(database), {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: (event) => events.emit(event.kind, event),
    ...options,
  });
  onTestFinished(() => listener.stop());
  load.start();
  onTestFinished(() => load.stop());
  const { host, port } = listener.address;
  return { database, load, listener, address: `${host}:${port}`, events };
}

/** The backup must equal the graph after its last transaction, which is not before `atLeast`. */
function expectExact(backup: string, ledger: GraphLedger, atLeast: number): number {
  const { lastTransactionId } = readMetadata(path.join(backup, METADATA_FILE));
  expect(lastTransactionId).toBeGreaterThanOrEqual(atLeast);
  expect(findContentDifferences(ledger.graphAt(lastTransactionId).content(), readContent(backup))).toEqual([]);
  return lastTransactionId;
}

/** A backup by the Java client in which its consistency check finds nothing; that check runs in a separate, warm JVM. */
async function backUpWithCheck(version: Version, from: string, backupDir: string, args: string[] = []): Promise<void> {
  const done = await javaBackup(version, { from, backupDir, name: 'b', args });
  expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  expect(done.stdout).toContain('Backup complete.');
  const { consistent, report } = await checkConsistency(version, path.join(backupDir, 'b'));
  expect(consistent, `${done.stdout}${done.stderr}${report}`.slice(0, 8000)).toBe(true);
}

describeInterop('the listener over a database under load', () => {
  it.each<[Version, string]>(
    campaign.few(
      [
        ['3.4.9', 'catchup'],
        ['3.5.0-beta03', 'catchup'],
        ['3.4.9', 'common'],
        ['3.5.0-beta03', 'common'],
      ],
      2,
    ),
  )(
    'the listener over a database under load serves the Java client %s a full and three incrementals over the %s protocol',
    async (version, protocol) => {
      const { load, address, events } = await serveLoad();
      const backupDir = makeScratch('backups');
      const backup = path.join(backupDir, 'b');
      const finished: string[] = [];
      events.on('finished', ({ request }) => finished.push(request));
      const atLeast: number[] = [];
      for (let round = 0; round < 4; round++) {
        atLeast.push(load.ledger.lastTransaction);
        const args = [`--fallback-to-full=${round === 0}`, `--protocol=${protocol}`];
        await backUpWithCheck(version, address, backupDir, args);
        await load.reach(load.statistics.committed + 300);
      }
      await load.stop();
      expect(finished).toEqual(['full', 'incremental', 'incremental', 'incremental']);
      const last = expectExact(backup, load.ledger, atLeast.at(-1)!);

      const copy = await openCopy(version, backup);
      onTestFinished(() => copy.kill());
      const expected = modelExport(load.ledger.graphAt(last).content(), SCHEMA);
      expect(findDifferences(expected, withoutTokens(await exportGraph(copy)))).toEqual([]);
      await copy.stop();
    },
  );

  it('the listener over a database under load serves eight Java clients a full backup at the same time', async () => {
    const { load, address } = await serveLoad();
    const atLeast = load.ledger.lastTransaction;
    const clients = Array.from({ length: 8 }, (_, i) => ({
      version: i % 2 === 0 ? ('3.4.9' as const) : ('3.5.0-beta03' as const),
      protocol: i < 4 ? 'catchup' : 'common',
      backupDir: makeScratch('backups'),
    }));
    await Promise.all(
      clients.map(({ version, protocol, backupDir }) =>
        backUpWithCheck(version, address, backupDir, [`--protocol=${protocol}`]),
      ),
    );
    await load.stop();
    for (const { backupDir } of clients) expectExact(path.join(backupDir, 'b'), load.ledger, atLeast);
  });

  it('the listener over a database under load is not harmed by clients that are killed or stop reading', async () => {
    const { database, load, listener, address, events } = await serveLoad({ limits: { maxHoldMs: 3000 } });
    // More than the system's buffers accept for a client that does not read.
    for (let i = 0; i < 8; i++) {
      const big = new RecordedTransaction(database.begin());
      big.createNode(['Big'], { text: { type: 'string', value: 'x'.repeat(2 * 1024 * 1024) } });
      await big.commit(load.ledger);
    }
    // Otherwise the copy would join an earlier check point without the texts; they would come from the log, and no check point would wait
    // for them.
    await database.checkPoint();
    const cut = once(events, 'aborted');
    const stalled = connect(listener.address.port, listener.address.host).pause();
    onTestFinished(() => void stalled.destroy());
    stalled.on('error', () => {}); // It is cut off.
    stalled.write(encodeRequest({ kind: 'full', forensics: false }));
    expect((await cut)[0]).toMatchObject({ request: 'full', error: { code: 'serve.client-slow' } });
    await database.checkPoint();

    const started = once(events, 'started');
    const aborted = once(events, 'aborted');
    const killed = await startJavaBackup('3.4.9', { from: address, backupDir: makeScratch('killed'), name: 'b' });
    onTestFinished(() => void killed.kill('SIGKILL'));
    await started;
    killed.kill('SIGKILL');
    expect((await aborted)[0]).toMatchObject({ request: 'full' });
    await database.checkPoint();

    const backupDir = makeScratch('backups');
    const atLeast = load.ledger.lastTransaction;
    await backUpWithCheck('3.4.9', address, backupDir);
    await load.stop();
    expectExact(path.join(backupDir, 'b'), load.ledger, atLeast);
  });
});
