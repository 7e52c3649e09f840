import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import type { ListenerLimits } from '../../src/serve/conversation/listener-options.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { attemptBackup, makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { RawClient } from '../support/servers/raw-client.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: a backup from a running database has every transaction up to the last one it reports, whatever is written, rotated, pruned and
 * check-pointed meanwhile; and no client can delay the check points of the database for longer than the limit.
 */

let scratch: string;
let backupDir: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;
let listener: BackupListener;
let events: ListenerEvent[];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  events = [];
  console.log(`GRAPHKEEP_SEED=${SEED}`);
});

afterEach(async () => {
  await load.stop();
  await listener.stop();
  await database.close();
  await removeDirectory(scratch);
});

/** How much log is kept where it must be pruned while a client is at work. */
const SHORT_LOG_BYTES = campaign.size(1024, 32) * 1024;
const ROTATION_BYTES = campaign.size(128, 8) * 1024;
/** So much that no client on a slow machine comes too late. */
const LONG_LOG_BYTES = 1024 * 1024 * 1024;

/** A database with small logs and many check points, some content, and active writers. */
async function startServing(limits: Partial<ListenerLimits> = {}, keptBytes = SHORT_LOG_BYTES): Promise<void> {
  database = await EmbeddedDatabase.open(join(scratch, 'graph.db'), {
    rotationBytes: ROTATION_BYTES,
    retention: { keep: 'size', bytes: keptBytes },
    checkPointTransactions: campaign.size(200, 50),
  });
  await database.createIndex(loadSchema.indexes[0].label, loadSchema.indexes[0].keys);
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  load = new EmbeddedLoad(database, { seed: SEED });
  await load.run(campaign.size(300, 100));
  listener = await BackupListener.start(serveEmbedded(database), {
    listen: { host: '127.0.0.1', port: 0 },
    limits,
    onEvent: (event) => events.push(event),
  });
  load.start();
}

const more = (transactions: number) => load.reach(load.statistics.committed + transactions);

/** The backup must equal the graph as of its last transaction, which is at least `atLeast`. */
function expectExact(name: string, atLeast: number): number {
  const target = join(backupDir, name);
  const { lastTransactionId } = readMetadata(join(target, 'neostore'));
  expect(lastTransactionId).toBeGreaterThanOrEqual(atLeast);
  expect(findRecoveryStart(target).needed).toBe(false);
  const expected = load.ledger.graphAt(lastTransactionId).content();
  expect(findContentDifferences(expected, readContent(target))).toEqual([]);
  return lastTransactionId;
}

describe.each(campaign.sample(['common', 'catchup'] as const))(
  'while writers commit, over the %s protocol',
  (protocol) => {
    it('a full backup and many incrementals are exact while writers commit', async () => {
      await startServing({}, LONG_LOG_BYTES);
      const firstLog = listLogFiles(database.directory).highest!;
      let before = 0;
      for (let round = 0; round <= campaign.rounds(10, 1); round++) {
        const atLeast = database.lastTransaction;
        const report = await makeBackup(backupDir, listener.address, { protocol, fallbackToFull: round === 0 });
        expect(report.kind).toBe(round === 0 ? 'full' : 'incremental');
        expect(report.lastTransaction).toBeGreaterThan(before);
        before = expectExact('db', atLeast);
        await more(campaign.size(40, 20));
      }
      await more(campaign.size(600, 100));
      expect(listLogFiles(database.directory).highest).toBeGreaterThan(firstLog);
      await makeBackup(backupDir, listener.address, { protocol });
      expectExact('db', before);
    });

    it('many full backups at once are exact while writers commit, and check points continue afterwards', async () => {
      await startServing();
      const atLeast = database.lastTransaction;
      const names = Array.from({ length: campaign.size(8, 3) }, (_, i) => `db${i}`);
      await Promise.all(names.map((name) => makeBackup(backupDir, listener.address, { protocol, name })));
      for (const name of names) expectExact(name, atLeast);
      await database.checkPoint();
      expect(events.filter(({ kind }) => kind === 'finished').length).toBe(names.length);
    });
  },
);

describe('while writers commit', () => {
  it('while writers commit, clients that leave in the middle of a copy do no harm', async () => {
    await startServing();
    const offsets = [0, 1, 100, 5000, 65_536, 150_000, 200_000, 250_000, 300_000];
    for (const offset of campaign.sample(offsets, 3)) {
      const client = await RawClient.connect(listener.address);
      client.send(encodeRequest({ kind: 'full', forensics: false }));
      await client.bytes(offset);
      client.close();
    }
    await database.checkPoint();
    const atLeast = database.lastTransaction;
    await makeBackup(backupDir, listener.address);
    expectExact('db', atLeast);
  });

  it('while writers commit, a copy that a client reads slowly keeps its log, though it is rotated and pruned meanwhile', async () => {
    await startServing();
    const served = serveEmbedded(database);
    const { signal } = new AbortController();
    const copy = await served.openFullCopy(signal);
    const metadata = readFileSync(join(database.directory, 'neostore'));
    await more(campaign.size(1500, 150));
    // Each rotation names the new log in the file.
    expect(metadata.equals(readFileSync(join(database.directory, 'neostore')))).toBe(false);
    for (const file of copy.files) {
      const pieces: Buffer[] = [];
      for await (const piece of copy.readFile(file, signal)) pieces.push(Buffer.from(piece));
      const bytes = file.name === 'neostore' ? metadata : readFileSync(join(database.directory, file.name));
      expect(Buffer.concat(pieces).equals(bytes), file.name).toBe(true);
    }
    const through = database.lastTransaction;
    const transactions = await copy.openTransactions();
    const held = listLogFiles(database.directory).lowest!;
    // Check points run again from here on, and prune what only the copy still has.
    while (listLogFiles(database.directory).lowest! <= held) {
      await more(campaign.size(500, 50));
      await database.checkPoint();
    }
    let bytes = 0;
    let last = Buffer.alloc(0);
    for await (const piece of transactions) {
      bytes += piece.length;
      last = Buffer.from(piece);
    }
    expect(bytes).toBeGreaterThan(2 * ROTATION_BYTES);
    // The stream ends with a commit entry: its version and type, transaction, time.
    expect(Number(last.readBigInt64BE(last.length - 16))).toBe(through);
    copy.close();
  });
});

describe.each(campaign.sample(['common', 'catchup'] as const))(
  'a client that comes too late, over the %s protocol',
  (protocol) => {
    it('a client that comes too late is told so, and gets a full backup if it may', async () => {
      await startServing();
      await makeBackup(backupDir, listener.address, { protocol });
      const had = readMetadata(join(backupDir, 'db', 'neostore')).lastTransactionId;
      const firstKept = listLogFiles(database.directory).highest!;
      while (listLogFiles(database.directory).lowest! <= firstKept) {
        await more(campaign.size(500, 50));
        await database.checkPoint();
      }
      const { error } = await attemptBackup(backupDir, listener.address, { protocol, fallbackToFull: false });
      expect(error?.code).toBe('peer.history-pruned');
      expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'serve.history-pruned' } });
      const report = await makeBackup(backupDir, listener.address, { protocol });
      expect(report.fallback).toBeDefined();
      expect(expectExact('db', had + 1)).toBeGreaterThan(had);
    });
  },
);

describe('a client that stops reading', () => {
  it('a client that stops reading holds up check points only until it is cut off', async () => {
    await startServing({ maxHoldMs: campaign.size(3000, 1000) });
    // More than the sockets' own buffers hold.
    const text = 'x'.repeat(64 * 1024);
    for (let i = 0; i < campaign.size(8, 5); i++) {
      await database.transact((tx) => {
        for (let n = 0; n < 40; n++) tx.createNode([], { text: { type: 'string', value: text } });
      });
    }
    await load.stop();
    // Otherwise the copy would join an earlier check point without the texts, and they would come from the log, when check points are free
    // again.
    await database.checkPoint();
    const client = await RawClient.connect(listener.address);
    client.stopReading();
    client.send(encodeRequest({ kind: 'full', forensics: false }));
    while (!events.some(({ kind }) => kind === 'started')) await new Promise(setImmediate);
    // Joins the check point of the copy, so that the next one must wait for it.
    const hold = await database.holdCheckPoints();
    hold.release();
    await database.transact((tx) => tx.createNode(['After']));
    expect(events.some(({ kind }) => kind === 'aborted')).toBe(false);
    await database.checkPoint();
    expect(events.find(({ kind }) => kind === 'aborted')).toMatchObject({ error: { code: 'serve.client-slow' } });
    expect(readMetadata(join(database.directory, 'neostore')).lastTransactionId).toBe(database.lastTransaction);
    client.close();
  });
});
