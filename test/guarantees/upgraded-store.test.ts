import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { CommonSource } from '../../src/source/backup-protocol/common-source.ts';
import { patchMetadataIn, readMetadata } from '../../src/store/files/neostore-metadata.ts';
import type { StoreId } from '../../src/store/files/store-id.ts';
import { attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: transactions from after an upgrade or a migration of the store are never added to a backup from before it, although transaction
 * numbers and checksums continue as before: the records then have other ids.
 */

let scratch: string;
let backupDir: string;
let history: GeneratedHistory;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  history = await generateHistory(join(scratch, 'source'), { nodes: 20 });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await removeDirectory(scratch);
});

/** What an upgrade after transaction 10 changes; `vE.H.4` is a migration to another format. */
const upgrades: [string, Partial<StoreId>][] = [
  ['time', { upgradeTime: 1_795_930_848_887 }],
  ['transaction', { upgradeTransactionId: 10 }],
  ['both', { upgradeTime: 1_795_930_848_887, upgradeTransactionId: 10 }],
];

async function listen(directory: string, onEvent?: (event: ListenerEvent) => void) {
  const store = await serveStore(directory);
  closers.push(() => store.close());
  const listener = await BackupListener.start(store, {
    listen: { host: '127.0.0.1', port: 0 },
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  closers.push(() => listener.stop());
  return listener.address;
}

describe.each(campaign.sample(upgrades))('a server whose upgrade %s differs', (_what, changed) => {
  it('an upgraded server gives no incremental over the common protocol: it is refused with both sides named, or replaced by a full backup', async () => {
    const server = await BackupServer.start(history, 10);
    closers.push(() => server.stop());
    await makeBackup(backupDir, server.address, { name: 'b' });
    const before = hashTree(join(backupDir, 'b'));
    server.newest = 15;
    server.history = { ...history, storeId: { ...history.storeId, ...changed } };
    const { error } = await attemptBackup(backupDir, server.address, { name: 'b', fallbackToFull: false });
    expect(error).toMatchObject({
      attempts: [{ error: { code: 'peer.other-store', hint: expect.stringContaining('upgrade') } }],
    });
    const { message, observed } = (error as unknown as { attempts: { error: Error & { observed: string } }[] })
      .attempts[0]!.error;
    expect(message).toContain('an upgrade or a change of the record format lies between');
    expect(observed).toMatch(/^server: created .*, upgraded .* after transaction .*; backup: created [^;]*$/);
    expect(observed.split('; backup')[1]).not.toContain('upgraded');
    expect(hashTree(join(backupDir, 'b'))).toBe(before);

    patchMetadataIn(history.folder, changed);
    expect((await makeBackup(backupDir, server.address, { name: 'b' })).fallback?.reason).toContain('upgrade');
    expectExact(join(backupDir, 'b'), history, 15);
    expect(readdirSync(backupDir).sort()).toEqual(['b', 'b.err.0']);
    server.newest = 20;
    expect(await makeBackup(backupDir, server.address, { name: 'b', fallbackToFull: false })).toMatchObject({
      kind: 'incremental',
      lastTransaction: 20,
    });
  });

  it.each(['common', 'catchup'] as const)(
    'our listener over an upgraded store says the same over the %s protocol',
    async (protocol) => {
      const origin = await BackupServer.start(history, 15);
      closers.push(() => origin.stop());
      await makeBackup(backupDir, origin.address, { name: 'served' });
      const directory = join(backupDir, 'served');
      await makeBackup(backupDir, await listen(directory), { name: 'b', protocol });
      for (const close of closers.splice(1).reverse()) await close();
      patchMetadataIn(directory, changed);
      const address = await listen(directory);
      const { error } = await attemptBackup(backupDir, address, { name: 'b', protocol, fallbackToFull: false });
      expect(error).toMatchObject({
        attempts: [{ error: { code: 'peer.other-store', message: expect.stringContaining('an upgrade or a change') } }],
      });
      expect((await makeBackup(backupDir, address, { name: 'b', protocol })).fallback).toBeDefined();
      expect(readMetadata(join(backupDir, 'b', 'neostore'))).toMatchObject(changed);
      expect(await makeBackup(backupDir, address, { name: 'b', protocol, fallbackToFull: false })).toMatchObject({
        kind: 'unchanged',
      });
    },
  );
});

it('a full copy whose files and answer are from before and after an upgrade is refused', async () => {
  const server = await BackupServer.start({ ...history, storeId: { ...history.storeId, upgradeTime: 5 } }, 10);
  closers.push(() => server.stop());
  const { error } = await attemptBackup(backupDir, server.address, { name: 'b', protocol: 'common' });
  expect(error).toMatchObject({
    attempts: [{ error: { code: 'peer.protocol', message: expect.stringContaining('do not belong to the store id') } }],
  });
});

/*
 * The Java client compares only creation time and random number, and the request names no store. So the listener sends nothing beyond the
 * upgrade to a client that may not know of it.
 */
describe('our listener over an upgraded store, asked over the common protocol', () => {
  const never = new AbortController().signal;
  let source: CommonSource;
  let events: ListenerEvent[];
  let relations: unknown[];

  beforeEach(async () => {
    const origin = await BackupServer.start(history, 6);
    closers.push(() => origin.stop());
    await makeBackup(backupDir, origin.address, { name: 'served' });
    origin.newest = 15;
    await makeBackup(backupDir, origin.address, { name: 'served' });
    const directory = join(backupDir, 'served');
    patchMetadataIn(directory, { upgradeTime: 1_795_930_848_887, upgradeTransactionId: 10 });
    events = [];
    relations = [];
    const address = await listen(directory, (event) => events.push(event));
    source = new CommonSource({ address, timeoutMs: 10_000 });
  });

  /** Number of bytes sent to a client that has everything up to `last`. */
  async function ask(last: number): Promise<number> {
    let bytes = 0;
    const receiver = {
      storeId: (id: unknown) => void relations.push(id),
      transactionBytes: (chunk: Buffer) => {
        bytes += chunk.length;
        return undefined;
      },
    };
    await source.transactionsAfter(last, receiver, never);
    return bytes;
  }

  const bytesAfter = (last: number) =>
    history.transactions.filter(({ id }) => id > last && id <= 15).reduce((sum, { bytes }) => sum + bytes.length, 0);

  it.each(campaign.some([6, 9, 10]))(
    'our listener over an upgraded store refuses a client with transaction %d, after it has sent its store id',
    async (last) => {
      await expect(ask(last)).rejects.toMatchObject({
        code: 'peer.history-pruned',
        observed: expect.stringContaining('upgrade'),
      });
      expect(relations).toEqual([expect.objectContaining({ upgradeTransactionId: 10 })]);
      await expect.poll(() => events.map(({ kind }) => kind)).toEqual(['started', 'failed']);
      expect(events[1]).toMatchObject({ error: { code: 'serve.other-store' } });
    },
  );

  it.each(campaign.some([11, 14, 15, 99]))(
    'our listener over an upgraded store answers a client with transaction %d',
    async (last) => {
      expect(await ask(last)).toBe(bytesAfter(last));
    },
  );
});
