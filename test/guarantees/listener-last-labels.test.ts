import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LabelEntries } from '../../src/check/label-scan/label-entries.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import type { ServedPlace } from '../../src/serve/database/served-database.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { LABEL_SCAN_FILE } from '../../src/store/files/store-files.ts';
import type { StoreId } from '../../src/store/files/store-id.ts';
import { rangeOf } from '../../src/store/label-scan/label-range.ts';
import { labelScanLayout } from '../../src/store/label-scan/label-scan-layout.ts';
import { openTreeForReading } from '../../src/store/tree/read/tree-file.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';

/*
 * Promise: a catchup client, which applies the last transaction before the check point once more, finds an entry for every label that this
 * one took away: without it, a Java client would give the label to the node again (spec transaction-logs 7.3).
 */

let scratch: string;
let database: EmbeddedDatabase;
let lonely: number;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  database = await EmbeddedDatabase.open(join(scratch, 'graph.db'));
  await database.transact(async (transaction) => {
    for (let i = 0; i < 100; i++) transaction.createNode(['Common']);
    lonely = transaction.createNode(['Common', 'Rare']);
  });
  await database.checkPoint();
});
afterEach(async () => {
  await database.close();
  await removeDirectory(scratch);
});

/** Nodes by their labels, as in the label scan store that a client gets; `Common` has id 0. */
async function readSent(place: ServedPlace, storeId: StoreId): Promise<Map<string, number>> {
  const listener = await BackupListener.start(place, { listen: { host: '127.0.0.1', port: 0 }, onEvent: () => {} });
  const caller = await CatchupCaller.connect(listener.address);
  const answer = await caller.ask({ kind: 'prepareStoreCopy', storeId });
  caller.close();
  await listener.stop();
  const path = join(scratch, 'sent');
  writeFileSync(path, answer.files.get(LABEL_SCAN_FILE)!);
  const tree = openTreeForReading(path, labelScanLayout);
  const entries = new LabelEntries(tree);
  const found = new Map<string, number>();
  for (const label of entries.labels()) {
    entries.seek(label);
    while (entries.next() && entries.label === label) {
      found.set(`${label} ${entries.range}`, bits(entries.high) + bits(entries.low));
    }
  }
  tree.file.close();
  return found;
}

const bits = (word: number) => word.toString(2).replaceAll('0', '').length;

it.each([
  ['removed', () => database.transact(async (transaction) => transaction.removeLabel(lonely, 'Rare'))],
  ['deleted with its node', () => database.transact(async (transaction) => transaction.deleteNode(lonely))],
])('a label that was %s by the last transaction has an entry without nodes', async (_, change) => {
  await change();
  const running = await readSent(serveEmbedded(database), database.storeId);
  expect(running.get(`1 ${rangeOf(lonely)}`)).toBe(0);
  const { storeId, directory } = database;
  await database.close();
  const store = await serveStore(directory);
  try {
    expect(await readSent(store, storeId)).toEqual(running);
  } finally {
    await store.close();
  }
});

it('other labels have the entries of the database', async () => {
  await database.transact(async (transaction) => transaction.removeLabel(lonely, 'Rare'));
  await database.transact(async (transaction) => void transaction.createNode(['Common']));
  const sent = await readSent(serveEmbedded(database), database.storeId);
  expect([...sent.values()].reduce((sum, count) => sum + count)).toBe(102);
  expect(sent.has(`1 ${rangeOf(lonely)}`)).toBe(false);
});
