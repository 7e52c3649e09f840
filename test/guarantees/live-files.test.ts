import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import { requireRestorable } from '../../src/restore/restorable-store.ts';
import type { LiveFilesOptions } from '../../src/source/live-files/live-files-source.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { type AttemptOptions, attemptBackup, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { canShareBlocks, SharingDisk } from '../support/faults/sharing-disk.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: a backup from the files of a running database has every transaction that was committed when its last file was read, and no part
 * of another one, whatever is written, rotated, pruned and check-pointed meanwhile. The database is not touched.
 */

let scratch: string;
let backupDir: string;
let place: LiveFilesOptions;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;
let disk: SharingDisk | undefined;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  place = { directory: join(scratch, 'graph.db'), logDirectory: join(scratch, 'graph.db') };
  console.log(`GRAPHKEEP_SEED=${SEED}`);
});

afterEach(async () => {
  await load.stop();
  await database.close();
  disk?.unmount();
  disk = undefined;
  await removeDirectory(scratch);
});

const SHORT_LOG_BYTES = campaign.size(64, 32) * 1024;
const LONG_LOG_BYTES = 1024 * 1024 * 1024;

/** A database with small logs and many check points, some content, and active writers. */
async function startWriting(keptBytes: number): Promise<void> {
  database = await EmbeddedDatabase.open(place.directory, {
    rotationBytes: campaign.size(16, 8) * 1024,
    retention: { keep: 'size', bytes: keptBytes },
    checkPointTransactions: campaign.size(150, 50),
  });
  await database.createIndex(loadSchema.indexes[0].label, loadSchema.indexes[0].keys);
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  load = new EmbeddedLoad(database, { seed: SEED });
  await load.run(campaign.size(300, 60));
  load.start();
}

const more = (transactions: number) => load.reach(load.statistics.committed + transactions);

const backUp = (options: AttemptOptions = {}) => makeBackup(backupDir, place, options);

/** Writes to the end of a state page, which nobody reads: as if the tree had a check point. */
function changeStatePage(name: string, value: number): void {
  const file = openSync(join(place.directory, name), 'r+');
  writeSync(file, Buffer.of(value), 0, 1, 2 * 8192 - 1);
  closeSync(file);
}

/** The backup must equal the graph as of its last transaction, which is at least `atLeast`. */
async function expectExact(atLeast: number): Promise<number> {
  const target = join(backupDir, 'db');
  expect(await requireRestorable(target)).toMatchObject({ needsRecovery: false });
  const { lastTransactionId } = readMetadata(join(target, 'neostore'));
  expect(lastTransactionId).toBeGreaterThanOrEqual(atLeast);
  await load.settle();
  const expected = load.ledger.graphAt(lastTransactionId).content();
  expect(findContentDifferences(expected, readContent(target))).toEqual([]);
  return lastTransactionId;
}

describe('a database that is written all the time', () => {
  it('a full backup from its files and incrementals are exact', async () => {
    await startWriting(LONG_LOG_BYTES);
    const rounds = campaign.rounds(10, 1);
    for (let round = 0; round <= rounds; round++) {
      const atLeast = database.lastTransaction;
      const report = await backUp({ fallbackToFull: round === 0, checkConsistency: round === 0 || round === rounds });
      expect(report).toMatchObject({ kind: round === 0 ? 'full' : 'incremental', protocol: 'files' });
      await expectExact(atLeast);
      await more(40);
    }
  });

  it('a slow copy of its files is exact, though its log is rotated, pruned and check-pointed meanwhile', async () => {
    await startWriting(SHORT_LOG_BYTES);
    const atLeast = database.lastTransaction;
    const firstLog = listLogFiles(place.directory).highest!;
    let isCopying = true;
    const copied = makeBackup(
      backupDir,
      { ...place, bytesPerSecond: campaign.size(100_000, 200_000) },
      { checkConsistency: true },
    ).finally(() => {
      isCopying = false;
    });
    while (isCopying && listLogFiles(place.directory).lowest! <= firstLog) await more(50);
    expect((await copied).kind).toBe('full');
    await expectExact(atLeast);
  });

  it('an incremental that comes too late is told so, and becomes a full one if it may', async () => {
    await startWriting(SHORT_LOG_BYTES);
    await backUp();
    const had = readMetadata(join(backupDir, 'db', 'neostore')).lastTransactionId;
    const firstKept = listLogFiles(place.directory).highest!;
    while (listLogFiles(place.directory).lowest! <= firstKept) {
      await more(campaign.size(100, 40));
      await database.checkPoint();
    }
    const { error } = await attemptBackup(backupDir, place, { fallbackToFull: false });
    expect(error?.code).toBe('peer.history-pruned');
    const report = await backUp();
    expect(report.fallback?.reason).toContain('is in no transaction log any more');
    expect(await expectExact(had + 1)).toBeGreaterThan(had);
  });
});

if (canShareBlocks) {
  it('a copy that shares its blocks with the files of the database is exact, whatever is written to them later', async () => {
    const path = join(scratch, 'disk');
    mkdirSync(path);
    disk = SharingDisk.mount(path);
    place = { directory: join(path, 'graph.db'), logDirectory: join(path, 'graph.db') };
    backupDir = join(path, 'backups');
    await startWriting(LONG_LOG_BYTES);
    for (const kind of ['full', 'incremental']) {
      const atLeast = database.lastTransaction;
      expect((await backUp()).kind).toBe(kind);
      await more(50);
      await database.checkPoint();
      await expectExact(atLeast);
    }
  });
}

describe('a database that is replaced', () => {
  it('a copy during which it is replaced is not made', async () => {
    await startWriting(LONG_LOG_BYTES);
    await load.stop();
    await database.close();
    const other = join(scratch, 'other.db');
    cpSync(place.directory, other, { recursive: true });
    const { error } = await attemptBackup(backupDir, place, {
      onEvent: ({ kind }) => {
        if (kind !== 'file-began') return;
        rmSync(place.directory, { recursive: true, force: true });
        renameSync(other, place.directory);
        cpSync(place.directory, other, { recursive: true });
      },
    });
    expect(error?.code).toMatch(/^(peer\.other-store|file\.io|file\.corrupt)$/);
    database = await EmbeddedDatabase.open(place.directory);
  });

  it('an incremental of an older state, or of another history, is refused', async () => {
    await startWriting(LONG_LOG_BYTES);
    await load.stop();
    await database.close();
    const older = join(scratch, 'older.db');
    cpSync(place.directory, older, { recursive: true });
    database = await EmbeddedDatabase.open(place.directory);
    load = new EmbeddedLoad(database, { seed: SEED + 1, ledger: load.ledger });
    await load.run(50);
    await backUp();
    await database.close();
    const backup = hashTree(join(backupDir, 'db'));
    rmSync(place.directory, { recursive: true });
    renameSync(older, place.directory);
    expect((await attemptBackup(backupDir, place, { fallbackToFull: false })).error?.code).toBe('peer.behind');
    database = await EmbeddedDatabase.open(place.directory);
    load = new EmbeddedLoad(database, { seed: SEED + 2 });
    await load.run(100);
    const { error } = await attemptBackup(backupDir, place, { fallbackToFull: false });
    expect(error?.code).toBe('peer.diverged');
    expect(hashTree(join(backupDir, 'db'))).toBe(backup);
  });
});

describe('a database that nobody writes', () => {
  it('what does not rest for as long as it is copied is made from the records', async () => {
    await startWriting(LONG_LOG_BYTES);
    await load.stop();
    await database.close();
    const restless = readdirSync(place.directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /labelscanstore|index-\d+$/.test(name),
    );
    expect(restless.length).toBe(3);
    let changes = 0;
    const dropped = new Set<string>();
    await backUp({
      checkConsistency: true,
      onEvent: (event) => {
        if (event.kind === 'file-dropped') dropped.add(event.name);
        if (event.kind === 'file-progress' && restless.includes(event.name)) changeStatePage(event.name, ++changes);
      },
    });
    expect([...dropped].sort()).toEqual(restless.sort());
    await expectExact(database.lastTransaction);
    expect(restless.filter((name) => !existsSync(join(backupDir, 'db', name)))).toEqual([]);
    database = await EmbeddedDatabase.open(place.directory);
  });

  it('its directory is as before, after full and incremental backups', async () => {
    await startWriting(LONG_LOG_BYTES);
    await load.stop();
    await database.close();
    const before = hashTree(place.directory);
    expect((await backUp()).kind).toBe('full');
    expect((await backUp()).kind).toBe('unchanged');
    expect(hashTree(place.directory)).toBe(before);
    database = await EmbeddedDatabase.open(place.directory);
  });
});
