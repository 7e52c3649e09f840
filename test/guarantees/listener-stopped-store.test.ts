import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasCode } from '../../src/base/errors.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import { LogReader } from '../../src/log/v3/log-reader.ts';
import { restoreDatabase } from '../../src/restore/database-restore.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import type { ServedPlace } from '../../src/serve/database/served-database.ts';
import { type StoppedStore, serveStore } from '../../src/serve/database/stopped-store.ts';
import { CommonSource } from '../../src/source/backup-protocol/common-source.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { classifyDatabaseFile, handlingOf } from '../../src/store/files/store-files.ts';
import { attemptBackup, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { dirtyStores, goldenStores, unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';
import { openSequentially } from '../support/servers/sequential-receiver.ts';

/*
 * Promise: a backup from a store in which nobody works equals that store byte for byte; nobody can change it meanwhile unnoticed; and a
 * client never gets less than it needs.
 */

let scratch: string;
let backupDir: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await removeDirectory(scratch);
});

async function serve(directory: string): Promise<StoppedStore> {
  const store = await serveStore(directory);
  closers.push(() => store.close());
  return store;
}

async function listen(database: ServedPlace, onEvent?: (event: ListenerEvent) => void) {
  const listener = await BackupListener.start(database, {
    listen: { host: '127.0.0.1', port: 0 },
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  closers.push(() => listener.stop());
  return listener.address;
}

/** Names of the files that make up the store. */
function storeFilesOf(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = entries.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  return names.filter((name) => ['copied', 'derived'].includes(handlingOf(classifyDatabaseFile(name)))).sort();
}

/** What a client receives, by name. */
async function receiveCopy(address: { host: string; port: number }): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const source = new CommonSource({ address, timeoutMs: 10_000 });
  await source.fullCopy(
    {
      openFile: (file) =>
        openSequentially(
          {
            beginFile: () => void files.set(file.name, Buffer.alloc(0)),
            fileBytes: async (bytes) => void files.set(file.name, Buffer.concat([files.get(file.name)!, bytes])),
            endFile: () => {},
          },
          file,
        ),
      transactionBytes: () => {
        throw new Error('a closed store has no transactions after its check point');
      },
    },
    new AbortController().signal,
  );
  return files;
}

/**
 * The same files with the same bytes. Only the fields of `neostore` that locate the log may differ, and the client that makes the backup
 * drops the older of the two counts stores.
 */
function expectSameStore(copy: string, original: string): void {
  const names = storeFilesOf(copy);
  const missing = storeFilesOf(original).filter((name) => !names.includes(name));
  expect(missing.filter((name) => !/^neostore\.counts\.db\.[ab]$/.test(name))).toEqual([]);
  expect(names.filter((name) => /^neostore\.counts\.db\.[ab]$/.test(name)).length).toBeGreaterThan(0);
  expect(storeFilesOf(original)).toEqual([...names, ...missing].sort());
  for (const name of names.filter((file) => file !== 'neostore')) {
    expect(readFileSync(join(copy, name)).equals(readFileSync(join(original, name))), name).toBe(true);
  }
  const { logVersion, lastClosedLogVersion, lastClosedLogOffset, ...rest } = readMetadata(join(original, 'neostore'));
  expect(readMetadata(join(copy, 'neostore'))).toMatchObject(rest);
}

describe.each(campaign.sample(goldenStores))('the store %s', (name) => {
  it.each(['common', 'catchup'] as const)(
    'a stopped store is served byte for byte over the %s protocol, even through a backup of the backup',
    async (protocol) => {
      const directory = await unpackStore(name, scratch);
      const before = hashTree(directory, ['store_lock']);
      const events: ListenerEvent[] = [];
      const from = await listen(await serve(directory), (event) => events.push(event));
      const { lastTransactionId } = readMetadata(join(directory, 'neostore'));
      expect(await makeBackup(backupDir, from, { protocol, name: 'first' })).toMatchObject({
        kind: 'full',
        lastTransaction: lastTransactionId,
      });
      expectSameStore(join(backupDir, 'first'), directory);
      expect(events.map(({ kind }) => kind)).toEqual(['started', 'finished']);
      const received = await receiveCopy(from);
      expect([...received.keys()].sort()).toEqual(storeFilesOf(directory));
      expect([...received.keys()].at(-1)).toBe('neostore');
      for (const [file, bytes] of received) expect(bytes.equals(readFileSync(join(directory, file))), file).toBe(true);

      const second = await listen(await serve(join(backupDir, 'first')));
      await makeBackup(backupDir, second, { protocol, name: 'second' });
      expectSameStore(join(backupDir, 'second'), directory);
      expect(await makeBackup(backupDir, second, { protocol, name: 'second' })).toMatchObject({ kind: 'unchanged' });
      expect(hashTree(directory, ['store_lock'])).toBe(before);
    },
  );
});

describe('incrementals from a stopped store', () => {
  it('incrementals from a stopped store are answered from its log as far back as it reaches, and refused before that', async () => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    const store = await serve(directory);
    const signal = new AbortController().signal;
    const transactions = new Map<number, Buffer>();
    const reader = new LogReader(directory);
    for (const item of reader) {
      if (item.kind === 'transaction') transactions.set(item.transactionId, Buffer.from(item.bytes));
    }
    reader.close();
    const ids = [...transactions.keys()];
    const [first, last] = [ids[0]!, ids.at(-1)!];
    expect(last).toBe(readMetadata(join(directory, 'neostore')).lastTransactionId);
    expect(ids.length).toBeGreaterThan(20);
    for (const after of [first - 1, first, ...ids.filter((id) => id % 7 === 0), last - 1, last, last + 5]) {
      const expected = Buffer.concat(ids.filter((id) => id > after).map((id) => transactions.get(id)!));
      const stream = await store.openTransactions(after, signal);
      const pieces: Buffer[] = [];
      for await (const piece of stream) pieces.push(Buffer.from(piece));
      stream.close();
      expect(Buffer.concat(pieces).equals(expected), `after ${after}`).toBe(true);
    }
    if (first > 2) {
      await expect(store.openTransactions(first - 2, signal)).rejects.toMatchObject({ code: 'serve.history-pruned' });
    }
  });

  it('incrementals from a stopped store bring a backup up to date, and become a full one where the log was removed', async () => {
    const history = await generateHistory(join(scratch, 'source'), { transactions: 30 });
    const origin = await BackupServer.start(history, 10);
    closers.push(() => origin.stop());
    for (const name of ['relay', 'early', 'late']) await makeBackup(backupDir, origin.address, { name });
    origin.newest = 15;
    await makeBackup(backupDir, origin.address, { name: 'relay' });
    await makeBackup(backupDir, origin.address, { name: 'late' });
    origin.newest = 25;
    await makeBackup(backupDir, origin.address, { name: 'relay' });
    // Its one log holds the transactions 16 to 25.
    expect(listLogFiles(join(backupDir, 'relay')).files.length).toBe(1);

    const from = await listen(await serve(join(backupDir, 'relay')));
    expect(await makeBackup(backupDir, from, { name: 'late' })).toMatchObject({
      kind: 'incremental',
      firstTransaction: 16,
      lastTransaction: 25,
    });
    expectSameStore(join(backupDir, 'late'), join(backupDir, 'relay'));
    const refused = await attemptBackup(backupDir, from, { name: 'early', fallbackToFull: false });
    expect(hasCode(refused.error, 'peer.history-pruned')).toBe(true);
    const { fallback } = await makeBackup(backupDir, from, { name: 'early' });
    expect(fallback).toBeDefined();
    expectSameStore(join(backupDir, 'early'), join(backupDir, 'relay'));
  });
});

describe('a store that cannot be served', () => {
  it.each(campaign.sample(dirtyStores))('a store that needs recovery is not served: %s', async (name) => {
    const directory = await unpackStore(name, scratch, 'recovery');
    await expect(serveStore(directory)).rejects.toMatchObject({ code: 'store.needs-recovery' });
  });

  it('a store without a log, without a store file, or that is none, is not served', async () => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    await removeDirectory(join(directory, 'neostore.propertystore.db'));
    await expect(serveStore(directory)).rejects.toMatchObject({ code: 'store.missing-file' });
    expect(readdirSync(directory)).not.toContain('store_lock');
    await removeDirectory(directory);
    await unpackStore('3.5.34-standard', scratch);
    for (const { path } of listLogFiles(directory).files) await removeDirectory(path);
    await expect(serveStore(directory)).rejects.toMatchObject({ code: 'store.needs-recovery' });
    await expect(serveStore(scratch)).rejects.toMatchObject({ code: 'backup.invalid' });
    // Nothing stays locked.
    expect(readdirSync(directory)).not.toContain('store_lock');
  });
});

describe('while a store is served', () => {
  it('while a store is served, nobody else can write it, but others may read it', async () => {
    const directory = await unpackStore('3.4.9-standard', scratch);
    const store = await serve(directory);
    const from = await listen(store);
    await makeBackup(backupDir, from, { name: 'b' });
    const served = await serve(join(backupDir, 'b'));
    await serve(join(backupDir, 'b'));
    const blocked = await attemptBackup(backupDir, from, { name: 'b' });
    expect(blocked.error?.code).toBe('directory.in-use');
    const restore = {
      typedFrom: 'b',
      from: join(backupDir, 'b'),
      databaseName: 'graph.db',
      transactionLogDirectory: directory,
      databaseDirectory: directory,
      force: true,
      signal: new AbortController().signal,
    };
    await expect(restoreDatabase(restore)).rejects.toMatchObject({ code: 'directory.in-use' });
    const elsewhere = join(scratch, 'elsewhere', 'graph.db');
    const restored = { ...restore, databaseDirectory: elsewhere, transactionLogDirectory: elsewhere };
    expect(await restoreDatabase(restored)).toMatchObject({ needsRecovery: false });
    expectSameStore(elsewhere, join(backupDir, 'b'));
    await served.close();
    await store.close();
    await restoreDatabase(restore);
    expect(readdirSync(directory)).not.toContain('store_lock');
  });

  it('while a store is served, a change that ignores the lock fails the copy, and never makes a wrong one', async () => {
    const directory = await unpackStore('3.4.9-standard', scratch);
    const events: ListenerEvent[] = [];
    const from = await listen(await serve(directory), (event) => events.push(event));
    const path = join(directory, 'neostore.nodestore.db');
    const bytes = readFileSync(path);
    const neostore = join(directory, 'neostore');
    const metadata = readFileSync(neostore);
    const attempts: [string, () => void, () => void][] = [
      [
        'a file grows',
        () => writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(8192)])),
        () => writeFileSync(path, bytes),
      ],
      [
        'the last transaction changes',
        () => writeFileSync(neostore, Buffer.concat([metadata.subarray(0, 35), Buffer.of(99), metadata.subarray(36)])),
        () => writeFileSync(neostore, metadata),
      ],
    ];
    const store = await serve(directory);
    for (const [what, change, undo] of attempts) {
      const signal = new AbortController().signal;
      const copy = await store.openFullCopy(signal);
      change();
      const readAll = async () => {
        for (const file of copy.files) for await (const piece of copy.readFile(file, signal)) piece.at(0);
        (await copy.openTransactions()).close();
      };
      await expect(readAll(), what).rejects.toMatchObject({ code: 'serve.changed' });
      copy.close();
      undo();
    }
    const old = statSync(path);
    utimesSync(path, old.atime, old.mtime);
    await makeBackup(backupDir, from);
    writeFileSync(neostore, Buffer.concat([metadata.subarray(0, 35), Buffer.of(99), metadata.subarray(36)]));
    const { error } = await attemptBackup(backupDir, from, { name: 'other' });
    expect(error?.code).toBe('peer.failure');
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'serve.changed' } });
  });
});
