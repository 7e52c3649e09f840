import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { generateHistory } from '../../../test/support/history/generated-history.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../base/dice.ts';
import { logFileName } from '../../log/log-files.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { skipCommand } from '../../log/v3/commands/command-table.ts';
import { COMMIT_ENTRY_BYTES } from '../../log/v3/entries/commit-entry.ts';
import { COMMIT_ENTRY, START_ENTRY } from '../../log/v3/entries/entry-types.ts';
import { skipStartEntry } from '../../log/v3/entries/start-entry.ts';
import { LogWriter } from '../../log/v3/log-writer.ts';
import { TransactionPlaces } from '../../log/v3/transaction-places.ts';
import { readEntryForm } from '../../log/v3/transaction-walker.ts';
import { findTransaction, LogTransactions, openLogRange } from './log-transactions.ts';
import type { ServedTransactions } from './served-database.ts';

let directory: string;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(directory));

const { signal } = new AbortController();

async function readAll(transactions: ServedTransactions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of transactions) pieces.push(Buffer.from(piece));
  transactions.close();
  return Buffer.concat(pieces);
}

/** A log with the transactions from 2 on, with random rotations and check points. Returns the bytes by id. */
async function writeLog(dice: Dice, count: number, largeBytes?: number): Promise<Map<number, Buffer>> {
  const generated = await generateHistory(join(directory, 'store'), { transactions: count, nodes: 5 });
  const transactions = generated.transactions.map(({ id, bytes }) => ({
    id,
    bytes: largeBytes !== undefined && id % 2 === 1 ? repeatCommands(bytes, largeBytes) : bytes,
  }));
  mkdirSync(join(directory, 'log'), { recursive: true });
  const writer = LogWriter.create(join(directory, 'log'), 3, 1);
  for (const { id, bytes } of transactions) {
    writer.appendRaw(bytes, id);
    if (dice.chance(0.1)) writer.appendCheckPoint();
    if (dice.chance(0.15)) await writer.rotate();
  }
  writer.flush();
  writer.close();
  return new Map(transactions.map(({ id, bytes }) => [id, bytes]));
}

/** Repeats the same commands between the same start and commit entries. */
function repeatCommands(bytes: Buffer, leastBytes: number): Buffer {
  const begin = skipStartEntry(bytes, 0, bytes.length);
  const end = bytes.length - COMMIT_ENTRY_BYTES;
  const commands = Array.from({ length: Math.ceil(leastBytes / (end - begin)) }, () => bytes.subarray(begin, end));
  return Buffer.concat([bytes.subarray(0, begin), ...commands, bytes.subarray(end)]);
}

function concatenate(transactions: Map<number, Buffer>, after: number, through: number): Buffer {
  return Buffer.concat([...transactions].filter(([id]) => id > after && id <= through).map(([, bytes]) => bytes));
}

/** The same transaction as a server of another release would have written it. */
function inEntryVersion(bytes: Buffer, versionByte: number): Buffer {
  const old = Buffer.from(bytes);
  let at = 0;
  while (at < old.length) {
    const type = old[at + 1]!;
    old[at] = versionByte;
    if (type === COMMIT_ENTRY) break;
    // Lengths are determined from the original bytes.
    const form = readEntryForm(bytes, at);
    at =
      type === START_ENTRY ? skipStartEntry(bytes, at, bytes.length) : skipCommand(bytes, at + 2, bytes.length, form);
  }
  return old;
}

describe('transactions of older servers', () => {
  async function serveLog(version: number, before: number): Promise<(after: number) => Promise<Buffer>> {
    const { transactions } = await generateHistory(join(directory, 'store'), { transactions: 20, nodes: 5 });
    mkdirSync(join(directory, 'log'));
    const writer = LogWriter.create(join(directory, 'log'), 3, 1);
    for (const { id, bytes } of transactions) {
      const old = inEntryVersion(bytes, version);
      expect(old.equals(bytes)).toBe(false);
      writer.appendRaw(id < before ? old : bytes, id);
    }
    writer.flush();
    writer.close();
    return async (after) =>
      await readAll(
        await openLogRange(join(directory, 'log'), { after, through: 21 }, new TransactionPlaces(), signal),
      );
  }

  const bytesAfter = async (after: number) => {
    const { transactions } = await generateHistory(join(directory, 'again'), { transactions: 20, nodes: 5 });
    return Buffer.concat(transactions.filter(({ id }) => id > after).map(({ bytes }) => bytes));
  };

  it.each([
    ['F7', 0xf7],
    ['FA', 0xfa],
  ])(
    'transactions with entries %s are sent as a current server writes them, including the last one',
    async (_, version) => {
      const read = await serveLog(version, 99);
      expect((await read(5)).equals(await bytesAfter(5))).toBe(true);
      expect((await read(20)).equals(await bytesAfter(20))).toBe(true);
    },
  );

  it.each([
    ['F8', 0xf8],
    ['FB', 0xfb],
  ])('transactions with entries %s are not available to a client, those after them are', async (_, version) => {
    const read = await serveLog(version, 10);
    await expect(read(8)).rejects.toMatchObject({
      code: 'serve.history-pruned',
      observed: expect.stringMatching(/^entry version -[58]$/),
    });
    expect((await read(9)).equals(await bytesAfter(9))).toBe(true);
  });
});

describe('any range of a log', () => {
  it.each([1, 2, 3, 4, 5])(
    'any range of a log is handed out exactly, with and without known places: seed %d',
    async (seed) => {
      const dice = new Dice(seed);
      const transactions = await writeLog(dice, 60);
      const places = new TransactionPlaces();
      for (let round = 0; round < campaign.rounds(80); round++) {
        const through = dice.between(3, 61);
        const after = dice.between(1, through - 1);
        const range = { after, through };
        const log = new LogFileSet(join(directory, 'log'));
        const from = await findTransaction(log, range, dice.chance(0.7) ? places : new TransactionPlaces(), signal);
        const bytes = await readAll(new LogTransactions(log, from, range, places));
        expect(bytes.equals(concatenate(transactions, after, through)), `${after} to ${through}`).toBe(true);
      }
    },
  );

  it('a range of a log may have transactions larger than a piece', async () => {
    const transactions = await writeLog(new Dice(9), 6, 3 * 1024 * 1024);
    expect(transactions.get(3)!.length).toBeGreaterThan(3 * 1024 * 1024);
    const log = new LogFileSet(join(directory, 'log'));
    const range = { after: 2, through: 7 };
    const from = await findTransaction(log, range, new TransactionPlaces(), signal);
    const bytes = await readAll(new LogTransactions(log, from, range));
    expect(bytes.equals(concatenate(transactions, 2, 7))).toBe(true);
  });

  it('an incomplete range of a log is an error, never the part that exists', async () => {
    await writeLog(new Dice(1), 20);
    const log = new LogFileSet(join(directory, 'log'));
    const range = { after: 10, through: 25 };
    const from = await findTransaction(log, range, new TransactionPlaces(), signal);
    await expect(readAll(new LogTransactions(log, from, range))).rejects.toMatchObject({ code: 'log.gap' });
    const beyond = findTransaction(log, { after: 22, through: 25 }, new TransactionPlaces(), signal);
    await expect(beyond).rejects.toMatchObject({ code: 'log.gap' });
    log.close();
  });

  it('a range that begins before the oldest file is pruned, even where a place was known', async () => {
    await writeLog(new Dice(2), 60);
    const places = new TransactionPlaces();
    let log = new LogFileSet(join(directory, 'log'));
    const range = { after: 2, through: 61 };
    await readAll(new LogTransactions(log, await findTransaction(log, range, places, signal), range, places));
    places.note({ transaction: 2, end: { version: 3, offset: 99 } });
    rmSync(join(directory, 'log', logFileName(3)));
    rmSync(join(directory, 'log', logFileName(4)));
    log = new LogFileSet(join(directory, 'log'));
    await expect(findTransaction(log, range, places, signal)).rejects.toMatchObject({
      code: 'serve.history-pruned',
      observed: 3,
    });
    log.close();
  });

  it('a file whose header does not name its first transaction does not count as the missing ones', async () => {
    const { transactions } = await generateHistory(join(directory, 'store'), { transactions: 30, nodes: 5 });
    mkdirSync(join(directory, 'log'));
    // As the Java client writes it for a full backup without transactions (spec common-protocol 15.1).
    const writer = LogWriter.create(join(directory, 'log'), 0, 1);
    for (const { id, bytes } of transactions.filter((transaction) => transaction.id > 20)) writer.appendRaw(bytes, id);
    writer.flush();
    writer.close();
    const log = new LogFileSet(join(directory, 'log'));
    const early = findTransaction(log, { after: 10, through: 31 }, new TransactionPlaces(), signal);
    await expect(early).rejects.toMatchObject({ code: 'serve.history-pruned' });
    const late = { after: 20, through: 31 };
    const from = await findTransaction(log, late, new TransactionPlaces(), signal);
    const bytes = await readAll(new LogTransactions(log, from, late));
    expect(bytes.equals(Buffer.concat(transactions.filter(({ id }) => id > 20).map((each) => each.bytes)))).toBe(true);
  });
});

describe('known places', () => {
  it('the nearest known place is found, and their number is bounded', () => {
    const places = new TransactionPlaces();
    const end = { version: 0, offset: 16 };
    for (const transaction of [50, 10, 30, 10, 40]) places.note({ transaction, end });
    expect([9, 10, 29, 30, 45, 99].map((id) => places.nearest(id)?.transaction)).toEqual([
      undefined,
      10,
      10,
      30,
      40,
      50,
    ]);
    for (let transaction = 100; transaction < 3000; transaction++) places.note({ transaction, end });
    expect(places.nearest(1500)).toBeUndefined();
    expect(places.nearest(2999)?.transaction).toBe(2999);
  });
});
