import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { LabelScanReader } from '../../../test/support/trees/label-scan-reader.ts';
import { EmbeddedDatabase } from '../../embedded/embedded-database.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import { LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import { LabelRemovals } from './label-removals.ts';

let root: string;
let database: EmbeddedDatabase;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  database = await EmbeddedDatabase.open(join(root, 'graph.db'));
});
afterEach(async () => {
  await database.close();
  await removeDirectory(root);
});

/** `<label>/<range>` of each entry, and its bits. */
function readEntries(path: string): Map<string, string> {
  const reader = new LabelScanReader(path, { allowNotClosed: true });
  const entries = new Map<string, string>();
  for (const label of reader.labels()) {
    reader.seek(label);
    while (reader.next() && reader.label === label) {
      const bits = [reader.high, reader.low].map((half) => (half >>> 0).toString(16).padStart(8, '0'));
      entries.set(`${label}/${reader.range}`, bits.join(''));
    }
  }
  reader.close();
  return entries;
}

/** What the log after transaction `after` makes of a copy of the label scan store as it is now. */
async function prepare(after: number): Promise<Map<string, string>> {
  const copy = join(root, 'copy');
  copyFileSync(join(database.directory, LABEL_SCAN_FILE), copy);
  const removals = new LabelRemovals();
  const reader = new LogReader(database.directory);
  for (const item of reader) {
    if (item.kind === 'transaction' && item.transactionId > after) removals.take(item.buffer, item.start, item.end);
  }
  reader.close();
  await removals.prepare(copy, new AbortController().signal);
  return readEntries(copy);
}

const NOTHING = '0'.repeat(16);

it('a range that lost its last node since the check point has an entry without nodes, and nothing else changes', async () => {
  const { value: nodes } = await database.transact((tx) => Array.from({ length: 130 }, () => tx.createNode(['Kept'])));
  const [first, second] = [nodes[0]!, nodes[100]!];
  const many = Array.from({ length: 12 }, (_, i) => `Many${i}`);
  await database.transact((tx) => {
    tx.addLabel(first, 'Single');
    for (const label of many) tx.addLabel(second, label);
  });
  await database.checkPoint();
  const after = database.lastTransaction;
  const before = readEntries(join(database.directory, LABEL_SCAN_FILE));
  expect(await prepare(after)).toEqual(before);
  await database.transact((tx) => tx.removeLabel(first, 'Single'));
  await database.transact((tx) => {
    for (const label of many) tx.removeLabel(second, label);
  });
  await database.checkPoint();
  const now = readEntries(join(database.directory, LABEL_SCAN_FILE));
  const gone = [...before.keys()].filter((key) => !now.has(key));
  expect(gone.length).toBe(1 + many.length);
  expect(await prepare(after)).toEqual(new Map([...now, ...gone.map((key) => [key, NOTHING] as const)]));
});
