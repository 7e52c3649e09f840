import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectExact, hashTree, makeBackup } from '../../test/support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../test/support/history/generated-history.ts';
import { BackupServer } from '../../test/support/servers/backup-server.ts';
import { listLogFiles } from '../log/log-files.ts';
import { LogWriter } from '../log/v3/log-writer.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { patchMetadataIn, readMetadata } from '../store/files/neostore-metadata.ts';

let scratch: string;
let target: string;
let history: GeneratedHistory;
let server: BackupServer;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  target = join(scratch, 'backups', 'db');
  history = await generateHistory(join(scratch, 'source'), { nodes: 10 });
  server = await BackupServer.start(history, 6);
  await makeBackup(join(scratch, 'backups'), server.address);
});

afterEach(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

const continueBackup = () => makeBackup(join(scratch, 'backups'), server.address, { fallbackToFull: false });

it('an incremental leaves no gap in the logs when a killed run has only named its log file in neostore', async () => {
  const { highest } = listLogFiles(target);
  patchMetadataIn(target, { logVersion: highest! + 1 });
  server.newest = 8;
  await continueBackup();
  expect(listLogFiles(target).files.map(({ version }) => version)).toEqual([highest! + 1]);
  expectExact(target, history, 8);
});

it('an incremental replays what a killed run or a Java client has appended, then requests what comes after it', async () => {
  const { lastGoodEnd } = findRecoveryStart(target);
  const writer = LogWriter.open(target, lastGoodEnd!);
  for (const { id, bytes } of history.transactions) if (id === 7 || id === 8) writer.appendRaw(bytes, id);
  writer.close();
  expect(findRecoveryStart(target)).toMatchObject({ needed: true, transactions: 2 });
  server.newest = 10;
  expect(await continueBackup()).toMatchObject({ kind: 'incremental', firstTransaction: 9, lastTransaction: 10 });
  expect(server.requests.at(-1)).toEqual({ kind: 'incremental', lastTransactionId: 7 });
  expectExact(target, history, 10);
});

it('an incremental cuts off half a transaction that a killed Java client has left', async () => {
  const { lastGoodEnd } = findRecoveryStart(target);
  const writer = LogWriter.open(target, lastGoodEnd!);
  writer.appendRaw(history.transactions[5]!.bytes.subarray(0, 60));
  writer.close();
  server.newest = 9;
  expect(await continueBackup()).toMatchObject({ firstTransaction: 7, lastTransaction: 9 });
  expectExact(target, history, 9);
});

it('an incremental works on a backup whose logs were removed', async () => {
  for (const { path } of listLogFiles(target).files) rmSync(path);
  const { logVersion } = readMetadata(join(target, 'neostore'));
  server.newest = 9;
  await continueBackup();
  expect(listLogFiles(target).lowest).toBe(logVersion + 1);
  expectExact(target, history, 9);
});

it('an incremental requests one transaction more than it lacks, to compare histories', async () => {
  const before = hashTree(target);
  await continueBackup();
  expect(server.requests.at(-1)).toEqual({ kind: 'incremental', lastTransactionId: 5 });
  expect(hashTree(target)).toBe(before);
});

it('an incremental removes id files, which are stale after it', async () => {
  writeFileSync(join(target, 'neostore.nodestore.db.id'), Buffer.alloc(9));
  server.newest = 9;
  await continueBackup();
  expectExact(target, history, 9);
  expect(() => rmSync(join(target, 'neostore.nodestore.db.id'))).toThrow('ENOENT');
});
