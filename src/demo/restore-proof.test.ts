import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import { ANY, readLiveCounts, writeCounts } from '../store/counts/counts-store.ts';
import { LABEL_SCAN_FILE, storeFiles } from '../store/files/store-files.ts';
import { Bank, numberOf } from './bank.ts';
import { GraphContent, RecordedHistory } from './recorded-graph.ts';
import { type Proof, proveLive, proveRestored, proveSum, proveTransfers } from './restore-proof.ts';

/* The demonstration's proof is only worth what it detects. */

let scratch: string;
let history: RecordedHistory;
let content: GraphContent;
let live: Proof;
let lastTransaction: number;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  const database = await EmbeddedDatabase.open(join(scratch, 'store'));
  history = new RecordedHistory(database);
  const bank = await Bank.create(database, history, 3);
  const working = bank.work(5, 0);
  await history.more(150, new AbortController().signal);
  bank.close();
  await working;
  lastTransaction = database.lastTransaction;
  content = GraphContent.ofDatabase(database);
  live = proveLive(database, history);
  await database.close();
});

afterAll(() => removeDirectory(scratch));

function copyStore(name: string): string {
  cpSync(join(scratch, 'store'), join(scratch, name), { recursive: true });
  return join(scratch, name);
}

async function differencesOf(directory: string, changed: object = {}): Promise<string[]> {
  const restored = { directory, lastTransaction, acknowledgedBefore: history.newest, ...changed };
  return (await proveRestored(restored, history)).flatMap(({ differences }) => differences);
}

it('the proof holds for the store that was written', async () => {
  expect(live.differences).toEqual([]);
  expect(live.compared).toBeGreaterThan(100);
  expect(await differencesOf(join(scratch, 'store'))).toEqual([]);
});

it('the proof notices that an acknowledged transaction is missing', async () => {
  const directory = join(scratch, 'store');
  expect(await differencesOf(directory, { acknowledgedBefore: lastTransaction + 1 })).toEqual([
    `transaction ${lastTransaction + 1} is missing`,
  ]);
  const found = await differencesOf(directory, { lastTransaction: lastTransaction - 1, acknowledgedBefore: 1 });
  expect(found[0]).toBe(`it is at transaction ${lastTransaction}`);
  expect(found.length).toBeGreaterThan(1);
});

describe('a changed byte', () => {
  const fileOf = (key: string) => storeFiles.find((file) => file.key === key)!.fileName;
  // Offsets of bytes in use in any store of this kind, usually in the last record.
  it.each([
    ['the balance of an account', fileOf('property'), 13],
    ['the ends of a relationship', fileOf('relationship'), 34 * 3 + 4],
  ])('the proof notices a changed byte of %s', async (name, file, offset) => {
    const directory = copyStore(`changed ${name}`.replaceAll(' ', '-'));
    const bytes = readFileSync(join(directory, file));
    bytes[offset]! ^= 1;
    writeFileSync(join(directory, file), bytes);
    const found = await differencesOf(directory).catch((error) => [String(error)]);
    expect(found.length).toBeGreaterThan(0);
  });

  it('the proof notices a changed byte of a count', async () => {
    const directory = copyStore('changed-counts');
    const { fileName, counts } = readLiveCounts(directory)!;
    counts.addNodes(ANY, 1);
    writeCounts(join(directory, fileName), counts);
    expect(await differencesOf(directory)).toHaveLength(1);
  });

  it('the proof notices a changed byte in the bits of the label scan store', async () => {
    const directory = copyStore('changed-label-scan');
    const path = join(directory, LABEL_SCAN_FILE);
    const bytes = readFileSync(path);
    // The bitset of accounts 0 to 31, which are the first nodes.
    const at = bytes.indexOf(Buffer.alloc(4, 0xff), 8192 * 3);
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    expect(await differencesOf(directory)).toHaveLength(1);
  });
});

it('the proof notices lost money, and lost transfers', () => {
  expect(proveSum(content).differences).toEqual([]);
  expect(proveTransfers(content).differences).toEqual([]);
  const [account] = [...content.nodes.values()].filter(({ labels }) => labels.includes('Account'));
  const balance = numberOf(account!, 'balance');
  account!.properties.balance = { type: 'long', value: BigInt(balance + 1) };
  expect(proveSum(content).differences).toEqual(['they add up to 60001']);
  const transfer = [...content.relationships.values()].find(({ type }) => type === 'TRANSFER')!;
  content.relationships.delete(transfer.id);
  expect(proveTransfers(content).differences.length).toBe(1);
});
