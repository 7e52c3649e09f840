import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../../test/support/history/generated-history.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { TransactionStream } from '../../log/v3/transaction-stream.ts';
import { findLogChain } from '../catalogue/log-chain.ts';
import { parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { readTar, StoredObjects } from '../reading/stored-objects.ts';
import { SealPool } from '../seal/pool/seal-pool.ts';
import { SegmentLog } from './segment-log.ts';

const never = new AbortController().signal;
const LAST = 40;

describe('a log in segments', () => {
  let folder: string;
  let history: GeneratedHistory;
  let pool: SealPool;

  beforeAll(async () => {
    folder = await makeTemporaryDirectory();
    history = await generateHistory(folder, { nodes: 60, transactions: LAST - 1 });
    pool = await SealPool.start({ recipients: 'none', level: 1 });
  });
  afterAll(async () => {
    await pool.close();
    await removeDirectory(folder);
  });

  /** Stores the history in segments of about so many bytes; the bytes come in pieces of `chunk`. */
  async function store(roomBytes: number, chunk: number, after?: number): Promise<MemoryStore> {
    const objects = new MemoryStore();
    const how = { pool, store: objects, folder: 'log', isEncrypted: false, roomBytes, signal: never };
    const log = new SegmentLog({ ...how, ...(after === undefined ? {} : { after }) });
    const stream = new TransactionStream({ sink: log });
    const bytes = Buffer.concat(history.transactions.map((transaction) => transaction.bytes));
    for (let at = 0; at < bytes.length; at += chunk) {
      stream.feed(bytes.subarray(at, at + chunk));
      await log.drain();
    }
    stream.end();
    await log.finish();
    expect(log.reached).toBe(LAST);
    return objects;
  }

  async function namesIn(objects: MemoryStore): Promise<SegmentName[]> {
    const names: SegmentName[] = [];
    for await (const { key } of objects.list('log/', undefined, never)) names.push(parseSegmentName(key.slice(4))!);
    return names;
  }

  /** All bytes, in the order of the names. */
  async function contentOf(objects: MemoryStore): Promise<Buffer> {
    const reader = new StoredObjects(objects, { codec: await loadFrameCodec(), identities: 'none' }, never);
    const parts: Uint8Array[] = [];
    for await (const { key } of objects.list('log/', undefined, never)) {
      const { digest } = parseSegmentName(key.slice(4))!;
      for (const { content } of await readTar(reader.readNamed(key, digest), key)) parts.push(content);
    }
    return Buffer.concat(parts);
  }

  const bytesAfter = (id: number) =>
    Buffer.concat(history.transactions.filter((transaction) => transaction.id > id).map(({ bytes }) => bytes));

  it.each([
    ['one segment', 16_000_000, 5000],
    ['several segments', 2000, 700],
    ['pieces of each transaction', 50, 64],
    ['pieces as small as they get', 7, 4096],
  ])('a log in %s is whole, and its names say what it holds', async (_what, roomBytes, chunk) => {
    const objects = await store(roomBytes, chunk);
    expect((await contentOf(objects)).equals(bytesAfter(0))).toBe(true);
    const { runs, unfinished, conflicts } = findLogChain(await namesIn(objects));
    const { checksum } = history.transactions.at(-1)!;
    expect(runs).toMatchObject([{ first: history.transactions[0]!.id, last: LAST, checksum }]);
    expect([unfinished, conflicts]).toEqual([[], []]);
  });

  it('a log passes over what is stored already', async () => {
    const objects = await store(2000, 700, 30);
    expect((await contentOf(objects)).equals(bytesAfter(30))).toBe(true);
    expect(findLogChain(await namesIn(objects)).runs).toMatchObject([{ first: 31, last: LAST }]);
  });
});
