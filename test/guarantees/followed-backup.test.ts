import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupOptions } from '../../src/backup/backup-options.ts';
import type { FollowEvent, FollowedEvent } from '../../src/backup/follow/follow-events.ts';
import { FollowedBackup, type FollowReport } from '../../src/backup/follow/followed-backup.ts';
import { followSource } from '../../src/backup/follow/followed-source.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { initRepository } from '../../src/repository/opening/repository.ts';
import { restoreDatabase } from '../../src/restore/database-restore.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { jobOptions } from '../support/commands/job-options.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad } from '../support/live/embedded-load.ts';
import { MemoryStore } from '../support/objects/memory-store.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { SEED } from '../support/random/seed.ts';
import { restoreInto } from '../support/repositories/repository-runs.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: a backup that follows its source is complete after each step, misses nothing that was committed before the step, survives what
 * happens to the source, and can be restored while it is followed.
 */

let scratch: string;
let source: string;
let target: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  source = join(scratch, 'graph.db');
  target = join(scratch, 'backups', 'db');
  console.log(`GRAPHKEEP_SEED=${SEED}`);
  await open();
  load = new EmbeddedLoad(database, { seed: SEED, writers: 2 });
  await load.run(60);
});

afterEach(async () => {
  await load.stop();
  await database.close();
  await removeDirectory(scratch);
});

/** Small logs, of which none is kept longer than the database needs it. */
async function open(): Promise<void> {
  database = await EmbeddedDatabase.open(source, {
    rotationBytes: 16 * 1024,
    retention: { keep: 'size', bytes: 1 },
    checkPointTransactions: 100,
  });
}

const files = (): BackupOptions['from'] => ({ directory: source, logDirectory: source });

/** A followed backup under way. */
class Following {
  readonly events: FollowedEvent[] = [];
  readonly ended: Promise<FollowReport>;
  private readonly stopping = new AbortController();
  private waiting: { isIt(event: FollowedEvent): boolean; resolve(): void }[] = [];

  constructor(from: BackupOptions['from'], changed: Partial<BackupOptions> = {}, intervalMs = 50) {
    const followed = followSource(jobOptions(join(scratch, 'backups'), from, changed));
    this.ended = new FollowedBackup(followed, intervalMs, (event) => this.take(event)).run(this.stopping.signal);
    this.ended.catch(() => {}); // Whoever waits is told.
  }

  /** Resolves with the next such event. */
  next<Kind extends FollowEvent['kind']>(kind: Kind, isIt = (_: Extract<FollowEvent, { kind: Kind }>) => true) {
    type Wanted = Extract<FollowEvent, { kind: Kind }>;
    const found = new Promise<Wanted>((resolve) => {
      let event: Wanted;
      const isWanted = (candidate: FollowedEvent): boolean => {
        if (candidate.kind !== kind || !isIt(candidate as Wanted)) return false;
        event = candidate as Wanted;
        return true;
      };
      this.waiting.push({ isIt: isWanted, resolve: () => resolve(event) });
    });
    return Promise.race([found, this.ended.then(() => Promise.reject(new Error(`ended before ${kind}`)))]);
  }

  async stop(): Promise<FollowReport> {
    this.stopping.abort('SIGTERM');
    return await this.ended;
  }

  private take(event: FollowedEvent): void {
    this.events.push(event);
    for (const { resolve } of this.waiting.filter(({ isIt }) => isIt(event))) resolve();
    this.waiting = this.waiting.filter(({ isIt }) => !isIt(event));
  }
}

/** Resolves when the backup has all that is committed now, and nothing waits. */
async function caughtUp(following: Following): Promise<void> {
  const { lastTransaction } = database;
  await following.next('looked', (seen) => seen.lastTransaction >= lastTransaction);
}

/** The backup is complete by itself, and equals the graph as of its last transaction. */
async function expectExact(directory = target): Promise<number> {
  expect(findRecoveryStart(directory).needed).toBe(false);
  const { lastTransactionId } = readMetadata(join(directory, 'neostore'));
  await load.settle();
  const expected = load.ledger.graphAt(lastTransactionId).content();
  expect(findContentDifferences(expected, readContent(directory))).toEqual([]);
  return lastTransactionId;
}

const followed = (following: Following) => following.events.filter(({ kind }) => kind === 'followed');

describe('from the files of a database whose log is pruned at once', () => {
  it('every transaction is followed, and the log in the backup stays small', async () => {
    const following = new Following(files());
    await following.next('followed');
    load.start();
    for (let step = 0; step < campaign.rounds(40, 4); step++) {
      const { lastTransaction } = database;
      const { report } = await following.next('followed', (event) => event.report.lastTransaction >= lastTransaction);
      expect(report.kind).toBe('incremental');
    }
    await load.stop();
    await caughtUp(following);
    const report = await following.stop();
    expect(report).toMatchObject({ fullBackups: 1, lastTransaction: database.lastTransaction, protocol: 'files' });
    expect(report.incrementalBackups).toBe(followed(following).length - 1);
    expect(await expectExact()).toBe(database.lastTransaction);
    expect(listLogFiles(target).files.length).toBe(1);
    expect(readdirSync(join(scratch, 'backups'))).toEqual(['db']);
  });

  it('a database that is closed and opened again is followed on', async () => {
    const following = new Following(files());
    await following.next('followed');
    for (let life = 0; life < campaign.size(2, 1); life++) {
      await load.run(30);
      await database.close();
      await open();
      load = new EmbeddedLoad(database, { seed: SEED + life + 1, writers: 2, ledger: load.ledger });
      await load.run(30);
      await caughtUp(following);
    }
    expect((await following.stop()).fullBackups).toBe(1);
    await expectExact();
  });

  it('a restored, older database is copied anew if that is allowed', async () => {
    const following = await followReplaced(true);
    const { report } = await following.next('followed', (event) => event.report.kind === 'full');
    expect(report.fallback?.reason).toMatch(/does not have transaction|is not the one of this backup/);
    await following.stop();
    await expectExact();
  });

  it('a restored, older database ends it if a full backup is not allowed', async () => {
    const { ended } = await followReplaced(false);
    await expect(ended).rejects.toMatchObject({ code: 'peer.behind' });
  });

  /** Follows a database that is then replaced by its own older state. */
  async function followReplaced(fallbackToFull: boolean): Promise<Following> {
    await database.close();
    const older = join(scratch, 'older.db');
    cpSync(source, older, { recursive: true });
    await open();
    const graph = load.ledger;
    load = new EmbeddedLoad(database, { seed: SEED + 1, ledger: graph });
    const made = new Following(files());
    await made.next('followed');
    await load.run(30);
    await caughtUp(made);
    await made.stop();
    const following = new Following(files(), { fallbackToFull });
    await following.next('followed');
    await database.close();
    rmSync(source, { recursive: true });
    renameSync(older, source);
    await open();
    return following;
  }
});

describe('while a backup is followed', () => {
  it('it can be restored at any time', async () => {
    const following = new Following(files());
    await following.next('followed');
    load.start();
    for (let copy = 0; copy < campaign.rounds(10, 3); copy++) {
      await following.next('followed');
      const databaseDirectory = join(scratch, 'restored', `copy-${copy}`);
      await restoreDatabase({
        typedFrom: target,
        from: target,
        databaseName: `copy-${copy}`,
        databaseDirectory,
        transactionLogDirectory: databaseDirectory,
        force: false,
        signal: new AbortController().signal,
      });
      await expectExact(databaseDirectory);
    }
    await load.stop();
    await following.stop();
  });
});

describe('into a repository', () => {
  it('every moment of the followed history can be restored', async () => {
    const store = new MemoryStore();
    await initRepository(store, { method: 'none' }, new AbortController().signal);
    const open = async () => store;
    const repositories = [{ open, location: 'memory', database: 'graph.db', renew: true }];
    const following = new Following(files(), { repositories });
    const { report } = await following.next('followed');
    load.start();
    for (let step = 0; step < campaign.rounds(20, 3); step++) await following.next('followed');
    await load.stop();
    await caughtUp(following);
    const ended = await following.stop();
    expect(ended).toMatchObject({ fullBackups: 1, lastTransaction: database.lastTransaction });
    const dice = new Dice(SEED);
    const moments = Array.from({ length: campaign.rounds(10, 2) }, () =>
      dice.between(report.lastTransaction, ended.lastTransaction),
    );
    for (const [at, transaction] of [...moments, ended.lastTransaction].entries()) {
      const directory = join(scratch, 'restored', `moment-${at}`);
      await restoreInto(directory, store, { kind: 'transaction', transaction }, 'none');
      expect(await expectExact(directory)).toBe(transaction);
    }
  });

  it('a full object is sent before the interval is over', async () => {
    const store = new MemoryStore();
    await initRepository(store, { method: 'none' }, new AbortController().signal);
    const open = async () => store;
    const repositories = [{ open, location: 'memory', database: 'graph.db', renew: false }];
    const following = new Following(files(), { repositories }, 3_600_000);
    await following.next('followed');
    const next = following.next('followed');
    for (let transaction = 0; transaction < 17; transaction++) {
      const large = database.begin();
      large.createNode([], { text: { type: 'string', value: 'x'.repeat(1024 * 1024) } });
      await large.commit();
    }
    expect((await next).report.bytes).toBeGreaterThan(16 * 1024 * 1024);
    await following.stop();
  });

  it('a repository that is gone ends it', async () => {
    const store = new MemoryStore();
    await initRepository(store, { method: 'none' }, new AbortController().signal);
    let opened = 0;
    const open = async () => (opened++ === 0 ? store : new MemoryStore());
    const following = new Following(files(), {
      repositories: [{ open, location: 'memory', database: 'graph.db', renew: false }],
    });
    await following.next('followed');
    await load.run(5);
    await expect(following.ended).rejects.toMatchObject({ code: 'repository.missing' });
  });
});

describe('over the network', () => {
  it('it goes on when the server is restarted', async () => {
    let listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
    const { host, port } = listener.address;
    const following = new Following({ host, port });
    await following.next('followed');
    await load.run(20);
    await following.next('followed');
    const interrupted = following.next('follow-interrupted');
    await listener.stop();
    expect((await interrupted).error.code).toMatch(/^peer\./);
    const resumed = following.next('follow-resumed');
    await load.run(20);
    listener = await BackupListener.start(serveEmbedded(database), { listen: { host, port } });
    await resumed;
    await caughtUp(following);
    await following.stop();
    await listener.stop();
    expect(await expectExact()).toBe(database.lastTransaction);
  });

  it('a first backup that fails ends it, and says why', async () => {
    const listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
    await listener.stop();
    const { host, port } = listener.address;
    await expect(new Following({ host, port }).ended).rejects.toMatchObject({ code: 'peer.unreachable' });
  });
});
