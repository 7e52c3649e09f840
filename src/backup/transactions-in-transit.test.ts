import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../test/support/history/generated-history.ts';
import { decodeLogHeader, LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import type { ReceivedTransactions } from './target/backup-target.ts';
import { ReceivedLogFile } from './target/directory/received-log-file.ts';
import { TransactionsInTransit, type TransactionsOptions } from './transactions-in-transit.ts';

let folder: string;
let history: GeneratedHistory;

beforeEach(async () => {
  folder = await makeTemporaryDirectory();
  history = await generateHistory(join(folder, 'source'), { nodes: 3, transactions: 12 });
});

afterEach(() => removeDirectory(folder));

const bytesOf = (from: number, to: number) =>
  Buffer.concat(history.transactions.filter(({ id }) => id >= from && id <= to).map(({ bytes }) => bytes));

/** Feeds the bytes in pieces of `step`. */
async function receive(
  bytes: Buffer,
  options: Partial<TransactionsOptions>,
  step = 7,
): Promise<ReceivedTransactions & { content: Buffer; previous: number | undefined }> {
  const log = new ReceivedLogFile(folder, () => 5);
  const transactions = new TransactionsInTransit({ log, place: { peer: 'p:1' }, ...options });
  try {
    for (let at = 0; at < bytes.length; at += step) await transactions.transactionBytes(bytes.subarray(at, at + step));
    const received = transactions.end();
    await log.finish(received, 99);
    const file = readFileSync(join(folder, 'neostore.transaction.db.5'));
    const previous = decodeLogHeader(file, 'log', 5)?.previousTransaction;
    return { ...received, content: file.subarray(LOG_HEADER_BYTES), previous };
  } finally {
    log.close();
  }
}

const overlapOf = (id: number) => ({ id, checksum: history.transactions.find((it) => it.id === id)!.checksum });

describe('received transactions', () => {
  it.each([1, 7, 4096])('received transactions are written as they came, in pieces of %d', async (step) => {
    const received = await receive(bytesOf(4, 9), {}, step);
    expect(received).toMatchObject({ count: 6, first: 4, last: 9, previous: 3, bytes: bytesOf(4, 9).length });
    expect(received.content.equals(bytesOf(4, 9))).toBe(true);
  });

  it.each([1, 7, 4096])(
    'received transactions are written without the overlapping one, in pieces of %d',
    async (step) => {
      const received = await receive(bytesOf(4, 9), { overlap: overlapOf(4) }, step);
      expect(received).toMatchObject({ count: 5, first: 5, last: 9, previous: 4, bytes: bytesOf(5, 9).length });
      expect(received.content.equals(bytesOf(5, 9))).toBe(true);
    },
  );

  it('received transactions may be none', async () => {
    const nothing = { count: 0, first: undefined, last: undefined, bytes: 0, previous: 99 };
    expect(await receive(Buffer.alloc(0), {})).toMatchObject(nothing);
  });

  it('received transactions may be only the overlapping one', async () => {
    const received = await receive(bytesOf(4, 4), { overlap: overlapOf(4) });
    expect(received).toMatchObject({ count: 0, first: undefined, last: undefined, bytes: 0, previous: 99 });
    expect(received.content.length).toBe(0);
  });

  it('received transactions are refused when the overlapping one differs', async () => {
    const { id, checksum } = overlapOf(4);
    const other = { id, checksum: checksum + 1n };
    await expect(receive(bytesOf(4, 9), { overlap: other })).rejects.toMatchObject({ code: 'peer.diverged' });
  });

  it.each([
    ['does not come', () => Buffer.alloc(0), 'peer.behind'],
    ['is skipped', () => bytesOf(5, 9), 'peer.hostile'],
    ['comes later', () => bytesOf(3, 9), 'peer.hostile'],
  ])('received transactions are refused when the overlapping one %s', async (_what, bytes, code) => {
    await expect(receive(bytes(), { overlap: overlapOf(4) })).rejects.toMatchObject({ code });
  });

  it('received transactions are refused when they do not continue', async () => {
    await expect(receive(bytesOf(5, 9), { after: 3 })).rejects.toMatchObject({ code: 'peer.hostile' });
  });

  it('received transactions are refused when they end inside one', async () => {
    await expect(receive(bytesOf(4, 9).subarray(0, -1), { after: 3 })).rejects.toMatchObject({ code: 'peer.closed' });
  });
});
