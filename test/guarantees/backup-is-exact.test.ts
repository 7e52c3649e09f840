import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLogFiles } from '../../src/log/log-files.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { readLiveCounts } from '../../src/store/counts/counts-store.ts';
import { patchMetadataIn, readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { type StoreKey, storeFiles } from '../../src/store/files/store-files.ts';
import { HIGH_LIMIT_FORMAT, STANDARD_FORMAT } from '../../src/store/files/store-format.ts';
import { StoreReader } from '../../src/store/graph/store-reader.ts';
import type { PropertyRecord } from '../../src/store/records/property-record.ts';
import { expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { generateHistory } from '../support/history/generated-history.ts';
import { newestOf, readHistory } from '../support/history/served-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: a full backup, and every incremental after it, leaves in the target the server's store as of its newest transaction, closed
 * cleanly, and nothing else, however often it is repeated.
 */

/** Number of transactions. */
const LONG_TAIL = campaign.size(120, 40);

let scratch: string;
let backupDir: string;
let server: BackupServer | undefined;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  await removeDirectory(scratch);
});

describe.each([
  ['standard', STANDARD_FORMAT],
  ['high_limit', HIGH_LIMIT_FORMAT],
])('a %s store', (_name, format) => {
  it('a store is exactly in the target after a full backup and after each of many incrementals, with one log file of bounded size', async () => {
    const history = await generateHistory(join(scratch, 'source'), { transactions: campaign.size(45, 12), format });
    server = await BackupServer.start(history, 5);
    const target = join(backupDir, 'db');
    const full = await makeBackup(backupDir, server.address);
    expect(full).toMatchObject({ kind: 'full', firstTransaction: 2, lastTransaction: 5 });
    expectExact(target, history, 5);
    let largest = 0;
    for (let run = 1; run <= campaign.rounds(20); run++) {
      server.newest += 2;
      const report = await makeBackup(backupDir, server.address);
      const [first, last] = [server.newest - 1, server.newest];
      expect(report).toMatchObject({ kind: 'incremental', firstTransaction: first, lastTransaction: last });
      expectExact(target, history, server.newest);
      expect(readdirSync(backupDir)).toEqual(['db']);
      largest = Math.max(largest, listLogFiles(target).files[0]!.sizeBytes);
    }
    const twoTransactions = 2 * Math.max(...history.transactions.map(({ bytes }) => bytes.length));
    expect(largest).toBeLessThan(twoTransactions + 100);
  });

  it('a backup is not touched when there is nothing new', async () => {
    const history = await generateHistory(join(scratch, 'source'), { format });
    server = await BackupServer.start(history, 9);
    const target = join(backupDir, 'db');
    await makeBackup(backupDir, server.address);
    for (const moment of ['after a full backup', 'after an incremental']) {
      const before = hashTree(target);
      for (let run = 0; run < 3; run++) {
        const report = await makeBackup(backupDir, server.address);
        expect(report).toMatchObject({ kind: 'unchanged', bytes: 0, lastTransaction: server.newest });
      }
      expect(hashTree(target), moment).toBe(before);
      expect(readdirSync(backupDir)).toEqual(['db']);
      server.newest += 3;
      await makeBackup(backupDir, server.address);
    }
  });

  it('a store without any transaction can be backed up', async () => {
    const history = await generateHistory(join(scratch, 'source'), { format });
    server = await BackupServer.start(history);
    const target = join(backupDir, 'db');
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'full', lastTransaction: 1 });
    expectExact(target, history, 1);
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'unchanged', lastTransaction: 1 });
    server.newest = 4;
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'incremental', firstTransaction: 2 });
    expectExact(target, history, 4);
  });
});

it('a backup continues when the server has pruned everything that the backup has, but nothing that it lacks', async () => {
  const history = await generateHistory(join(scratch, 'source'));
  server = await BackupServer.start(history, 9);
  await makeBackup(backupDir, server.address);
  server.prunedTo = 9;
  server.newest = 12;
  const report = await makeBackup(backupDir, server.address, { fallbackToFull: false });
  expect(report).toMatchObject({ kind: 'incremental', firstTransaction: 10, lastTransaction: 12 });
  expectExact(join(backupDir, 'db'), history, 12);
});

it('a backup replays a long tail with hardly any memory', async () => {
  const history = await generateHistory(join(scratch, 'source'), { transactions: LONG_TAIL, changes: 20 });
  server = await BackupServer.start(history, LONG_TAIL / 2);
  await makeBackup(backupDir, server.address, { memoryBudgetBytes: 0 });
  expectExact(join(backupDir, 'db'), history, LONG_TAIL / 2);
  server.newest = LONG_TAIL + 1;
  await makeBackup(backupDir, server.address, { memoryBudgetBytes: 0 });
  expectExact(join(backupDir, 'db'), history, LONG_TAIL + 1);
});

it('a backup may have a name with directories', async () => {
  const history = await generateHistory(join(scratch, 'source'));
  server = await BackupServer.start(history, 5);
  const name = 'weekly/db';
  await makeBackup(backupDir, server.address, { name });
  expectExact(join(backupDir, name), history, 5);
  server.newest = 8;
  expect(await makeBackup(backupDir, server.address, { name })).toMatchObject({ kind: 'incremental' });
  expectExact(join(backupDir, name), history, 8);
  server.history = await generateHistory(join(scratch, 'other'), { randomId: 7n });
  const { fallback } = await makeBackup(backupDir, server.address, { name });
  expect(fallback?.movedTo).toBe(join(backupDir, 'weekly', 'db.err.0'));
  expect(readdirSync(backupDir)).toEqual(['weekly']);
  expect(readdirSync(join(backupDir, 'weekly')).sort()).toEqual(['db', 'db.err.0']);
});

describe.each([
  ['small-3.4.9', '3.4.9-empty'],
  ['small-3.5.34', '3.5.34-empty'],
])('the log of a real server (%s)', (name, empty) => {
  const halted = () => unpackCorpus(`recovery/${name}/store-before-recovery.tar.gz`, join(scratch, 'halted'));
  const recovered = () => unpackCorpus(`stores/${name}-recovered.tar.gz`, join(scratch, 'recovered'));

  it("a real server's log over the files of a halted server gives the store that the server itself recovered", async () => {
    await halted();
    await recovered();
    const history = readHistory(join(scratch, 'halted'));
    expect(history.checkPoint).toBeGreaterThan(2);
    server = await BackupServer.start(history, newestOf(history));
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ firstTransaction: history.checkPoint + 1 });
    expectSameStore(join(backupDir, 'db'), join(scratch, 'recovered'));
  });

  it.each(campaign.sample([7, 1, 100]))(
    "a real server's log received in steps of %d transactions gives the same store",
    async (step) => {
      await halted();
      await recovered();
      const { transactions } = readHistory(join(scratch, 'halted'));
      const folder = await unpackStore(empty, scratch);
      const { creationTime, randomId, upgradeTime } = readMetadata(join(scratch, 'recovered', 'neostore'));
      patchMetadataIn(folder, { creationTime, randomId, upgradeTime });
      const { storeId } = readHistory(folder);
      server = await BackupServer.start({ folder, storeId, checkPoint: 1, transactions }, 1);
      await makeBackup(backupDir, server.address);
      while (server.newest < transactions.at(-1)!.id) {
        server.newest = Math.min(server.newest + step, transactions.at(-1)!.id);
        expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'incremental' });
      }
      expectSameStore(join(backupDir, 'db'), join(scratch, 'recovered'));
    },
  );
});

function expectSameStore(target: string, recovered: string): void {
  for (const { key } of storeFiles) expect(readRecords(target, key), key).toEqual(readRecords(recovered, key));
  const position = { logVersion: 0, lastClosedLogVersion: 0, lastClosedLogOffset: 0 };
  const metadata = { ...readMetadata(join(target, 'neostore')), ...position };
  expect(metadata).toEqual({ ...readMetadata(join(recovered, 'neostore')), ...position });
  const [ours, theirs] = [readLiveCounts(target)!.counts, readLiveCounts(recovered)!.counts];
  expect([ours.txId, ours.nodes, ours.relationships]).toEqual([theirs.txId, theirs.nodes, theirs.relationships]);
  expect(findRecoveryStart(target).needed).toBe(false);
  expect(listLogFiles(target).files.length).toBe(1);
}

/** Records in use; the remains of others in a file depend on how often it was written. */
function readRecords(folder: string, key: StoreKey): unknown[] {
  const reader = new StoreReader(folder);
  const records: unknown[] = [];
  try {
    reader.file(key).scan((record) => records.push(structuredClone(withoutSlack(record))));
  } finally {
    reader.close();
  }
  return records;
}

/** The buffers of a reused record are longer than their content. */
function withoutSlack(record: object): object {
  if ('blockCount' in record) {
    const { blocks, blockCount } = record as PropertyRecord;
    return { ...record, blocks: Array.from(blocks.subarray(0, 8 * blockCount)) };
  }
  return 'data' in record ? { ...record, data: Array.from(record.data as Uint8Array) } : record;
}
