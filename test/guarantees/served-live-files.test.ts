import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { LiveFilesPlace } from '../../src/serve/live-files/live-files-place.ts';
import { readMetadataIn } from '../../src/store/files/neostore-metadata.ts';
import { makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: a backup over the network of a database whose server knows nothing of it has every transaction that was committed before, and is
 * exact, whatever is written, rotated, pruned and check-pointed meanwhile.
 */

let scratch: string;
let backupDir: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;
let place: LiveFilesPlace;
let listener: BackupListener;
let events: ListenerEvent[];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  events = [];
  console.log(`GRAPHKEEP_SEED=${SEED}`);
});

/** Little, so that the log is pruned while a client is at work. */
const SHORT_LOG_BYTES = 256 * 1024;
/** So much that no client on a slow machine comes too late. */
const LONG_LOG_BYTES = 1024 * 1024 * 1024;

/** A database with small logs and many check points, some content, and active writers. It does not know that it is served. */
async function startServing(keptBytes: number): Promise<void> {
  const directory = join(scratch, 'graph.db');
  database = await EmbeddedDatabase.open(directory, {
    rotationBytes: campaign.size(128, 32) * 1024,
    retention: { keep: 'size', bytes: keptBytes },
    checkPointTransactions: 150,
  });
  await database.createIndex(loadSchema.indexes[0].label, loadSchema.indexes[0].keys);
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  load = new EmbeddedLoad(database, { seed: SEED });
  await load.run(campaign.size(300, 100));
  await database.checkPoint();
  place = await LiveFilesPlace.open({
    locate: async () => ({ directory, logDirectory: directory }),
    spoolDirectory: join(scratch, 'spool'),
  });
  listener = await BackupListener.start(place, {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: (event) => events.push(event),
  });
  load.start();
}

afterEach(async () => {
  await load.stop();
  await listener.stop();
  await place.close();
  await database.close();
  await removeDirectory(scratch);
});

const more = (transactions: number) => load.reach(load.statistics.committed + transactions);

/**
 * The backup must equal the graph as of its last transaction, which is at least `atLeast`. It may have transactions that are on disk but
 * that their writers have not heard of yet, so these must have ended.
 */
async function expectExact(name: string, atLeast: number): Promise<void> {
  const target = join(backupDir, name);
  const { lastTransactionId } = readMetadataIn(target);
  expect(lastTransactionId).toBeGreaterThanOrEqual(atLeast);
  expect(findRecoveryStart(target).needed).toBe(false);
  await load.stop();
  const expected = load.ledger.graphAt(lastTransactionId).content();
  expect(findContentDifferences(expected, readContent(target))).toEqual([]);
  load.start();
}

describe.each(campaign.sample(['common', 'catchup'] as const))(
  'from the files of a database, over the %s protocol',
  (protocol) => {
    it('from the files of a database, a full backup and incrementals are exact while writers commit', async () => {
      await startServing(LONG_LOG_BYTES);
      for (let round = 0; round <= campaign.rounds(10, 1); round++) {
        const atLeast = load.ledger.lastTransaction;
        const report = await makeBackup(backupDir, listener.address, { protocol, fallbackToFull: round === 0 });
        expect(report.kind).toBe(round === 0 ? 'full' : 'incremental');
        await expectExact('db', atLeast);
        await more(40);
      }
    });

    it('from the files of a database, many full backups at once are exact while writers commit', async () => {
      await startServing(SHORT_LOG_BYTES);
      const atLeast = load.ledger.lastTransaction;
      const names = Array.from({ length: campaign.size(8, 2) }, (_, i) => `db${i}`);
      await Promise.all(names.map((name) => makeBackup(backupDir, listener.address, { protocol, name })));
      for (const name of names) await expectExact(name, atLeast);
      expect(events.filter(({ kind }) => kind === 'finished').length).toBe(names.length);
    });
  },
);
