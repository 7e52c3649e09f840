import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { encodeCheckPointEntry } from './entries/check-point-entry.ts';
import { LogReader } from './log-reader.ts';
import { encodeTransaction } from './transaction-codec.ts';
import { type TransactionSink, TransactionStream, type TransactionStreamOptions } from './transaction-stream.ts';

const corpus = new URL('../../../test/corpus/txlogs/', import.meta.url);
const logBytes = (name: string) => readFileSync(new URL(name, corpus)).subarray(16);

const diverse = logBytes('diverse-3.5.34-standard/neostore.transaction.db.0');
const withCheckPoint = logBytes('small-3.5.34/neostore.transaction.db.1');

function checkPoint(): Buffer {
  const writer = new ByteWriter();
  encodeCheckPointEntry(writer, { version: 0, offset: 16 });
  return writer.toBuffer();
}

function transaction(transactionId: number, dataBytes = 0): Buffer {
  const start = {
    masterId: 1,
    authorId: 2,
    timeStarted: 3,
    latestCommittedWhenStarted: 4,
    header: Buffer.from([transactionId & 0xff]),
  };
  const records = Array.from({ length: Math.ceil(dataBytes / 100) }, (_, id) => ({
    id,
    type: -1,
    flags: 1,
    next: -1,
    data: new Uint8Array(100),
  }));
  const commands = [{ kind: 'schemaRule' as const, before: [], after: records, created: false }];
  return encodeTransaction({ start, commands, commit: { transactionId, timeCommitted: 9 } }).toBuffer();
}

/** Feeds `bytes` in pieces of the given sizes (repeated) and collects the output. */
function feedAll(bytes: Buffer, sizes: number[], options: TransactionStreamOptions = {}) {
  const out: Buffer[] = [];
  const ids: number[] = [];
  let handedOut = 0;
  const sink: TransactionSink = {
    takeBytes: (view, offset) => {
      if (!view.equals(bytes.subarray(offset, offset + view.length))) throw new Error(`other bytes at ${offset}`);
      out.push(Buffer.from(view));
      handedOut += view.length;
    },
    takeTransaction: ({ transactionId }) => {
      ids.push(transactionId);
      if (stream.committedBytes !== handedOut) throw new Error(`not all bytes of ${transactionId} were handed out`);
    },
  };
  const stream = new TransactionStream({ sink, ...options });
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    stream.feed(bytes.subarray(at, at + size));
    at += size;
  }
  return { stream, summary: stream.end(), out: Buffer.concat(out), ids };
}

describe('TransactionStream', () => {
  it('TransactionStream passes on the transactions of a real server, whatever the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 10, max: 9000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const { summary, out, ids } = feedAll(diverse, sizes, { firstTransaction: 2 });
        expect(out.equals(diverse)).toBe(true);
        expect(ids.length).toBe(212);
        expect(summary).toMatchObject({ count: 212, firstTransaction: 2, committedBytes: diverse.length });
        expect(summary.last?.transactionId).toBe(213);
      }),
      { numRuns: campaign.rounds(25) },
    );
  });

  it('TransactionStream accepts single bytes', () => {
    const bytes = Buffer.concat([transaction(5), checkPoint(), transaction(6)]);
    const { out, ids } = feedAll(bytes, [1]);
    expect(out.equals(Buffer.concat([transaction(5), transaction(6)]))).toBe(true);
    expect(ids).toEqual([5, 6]);
  });

  it('TransactionStream leaves check points out', () => {
    const { summary, out } = feedAll(withCheckPoint, [777]);
    expect(out.length).toBe(withCheckPoint.length - 18);
    expect(summary.committedBytes).toBe(out.length);
    expect(feedAll(Buffer.concat([checkPoint(), checkPoint()]), [7]).summary.count).toBe(0);
  });

  it('TransactionStream reports the last transaction as the log reader does', () => {
    const { summary } = feedAll(diverse, [32768]);
    using reader = new LogReader(new URL('diverse-3.5.34-standard', corpus).pathname);
    const last = [...reader].at(-1)!;
    expect(last).toMatchObject({ kind: 'transaction', checksum: summary.last!.checksum });
    expect(last).toMatchObject({ timeCommitted: summary.last!.timeCommitted });
  });

  it('TransactionStream requires the stream to end after a commit entry', () => {
    const bytes = transaction(2);
    for (const cut of campaign.places(1, bytes.length - 1)) {
      const stream = new TransactionStream({ place: { peer: 'host:6362' } });
      stream.feed(bytes.subarray(0, cut));
      expect(() => stream.end()).toThrow(expect.objectContaining({ code: 'peer.closed' }));
      expect(stream.committedBytes).toBe(0);
    }
    expect(new TransactionStream().end()).toMatchObject({ count: 0, committedBytes: 0, firstTransaction: undefined });
  });

  it('TransactionStream keeps what was complete before a stream broke off', () => {
    const whole = Buffer.concat([transaction(2), transaction(3)]);
    const stream = new TransactionStream();
    stream.feed(Buffer.concat([whole, transaction(4).subarray(0, 50)]));
    expect(() => stream.end()).toThrow();
    expect(stream.committedBytes).toBe(whole.length);
    expect(stream.last?.transactionId).toBe(3);
  });

  it('TransactionStream refuses gaps, overlaps and a wrong first id', () => {
    const hostile = expect.objectContaining({ code: 'peer.hostile' });
    expect(() => feedAll(Buffer.concat([transaction(2), transaction(4)]), [99])).toThrow(hostile);
    expect(() => feedAll(Buffer.concat([transaction(2), transaction(2)]), [99])).toThrow(hostile);
    expect(() => feedAll(transaction(7), [99], { firstTransaction: 6 })).toThrow(hostile);
    expect(() => feedAll(transaction(1), [99])).toThrow(hostile);
  });

  it('TransactionStream names the place of damage in the stream', () => {
    const bytes = Buffer.concat([transaction(2), Buffer.from([0x41, 0x42])]);
    const place = { offset: transaction(2).length, peer: 'host:6362' };
    expect(() => feedAll(bytes, [10], { place: { peer: 'host:6362' } })).toThrow(
      expect.objectContaining({ code: 'peer.hostile', place, observed: 0x41 }),
    );
  });

  it('TransactionStream processes a large entry in linear time and refuses one above the limit', () => {
    const bytes = Buffer.concat([transaction(2), transaction(3, 8_000_000), transaction(4)]);
    expect(feedAll(bytes, [1000]).ids).toEqual([2, 3, 4]);
    expect(() => feedAll(bytes, [1000], { maxEntryBytes: 1_000_000 })).toThrow('larger than 1000000 bytes');
    expect(feedAll(bytes, [bytes.length], { maxEntryBytes: 1_000_000 }).ids).toEqual([2, 3, 4]);
  });

  it('TransactionStream does not reserve memory for a claimed length', () => {
    const start = transaction(2).subarray(0, 31);
    const claim = Buffer.from([0xf6, 3, 7, 0x7f, 0xff, 0xff, 0xff]);
    const stream = new TransactionStream();
    stream.feed(Buffer.concat([start, claim]));
    expect(() => stream.end()).toThrow(expect.objectContaining({ code: 'peer.closed' }));
  });
});
