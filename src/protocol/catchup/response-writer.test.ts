import { describe, expect, it } from 'vitest';
import { decodeAnswer } from '../../../test/support/corpus/catchup-captures.ts';
import { MAX_FRAME_PAYLOAD, MAX_NAME_BYTES } from './limits.ts';
import { ResponseWriter } from './response-writer.ts';

const storeId = { creationTime: 1, randomId: -2n, upgradeTime: 3, upgradeTransactionId: 4 };

interface Collected {
  writer: ResponseWriter;
  sent: Buffer[];
  bytes(): Buffer;
}

function collect(capacity?: number): Collected {
  const sent: Buffer[] = [];
  const writer = new ResponseWriter((piece) => {
    sent.push(Buffer.from(piece));
    return undefined;
  }, capacity);
  return { writer, sent, bytes: () => Buffer.concat(sent) };
}

describe('files', () => {
  it('files of any size around whole chunks are written as the protocol requires', async () => {
    for (const size of [0, 1, 8191, 8192, 8193, 16_383, 16_384, 16_385, 50_000]) {
      const data = Buffer.alloc(size, 0x61);
      const { writer, bytes } = collect(8200);
      await writer.beginFile('a', 15);
      await writer.fileBytes(data);
      await writer.endFile();
      await writer.copyFinished('SUCCESS');
      const chunks = Math.max(1, Math.ceil(size / 8192));
      const last = size - (chunks - 1) * 8192;
      // Two type frames, header, chunks, status.
      expect(bytes().length).toBe(5 + 4 + 9 + chunks * 8 + size + 5 + 8);
      expect(bytes().readInt32BE(18 + (chunks - 1) * 8200)).toBe(4 + last);
      expect(bytes().readInt32BE(18 + (chunks - 1) * 8200 + 4)).toBe(last);
      const { recorder, outcome } = await decodeAnswer('storeFile', [bytes()]);
      expect(outcome).toEqual({ kind: 'copyFinished', status: 'SUCCESS' });
      expect(recorder.files.map((file) => file.bytes.equals(data))).toEqual([true]);
    }
  });

  it('files are sent while they are written, in pieces of the given size', async () => {
    const { writer, sent } = collect(20_000);
    await writer.beginFile('a', 1);
    await writer.fileBytes(Buffer.alloc(100_000));
    expect(sent.length).toBeGreaterThan(4);
    expect(Math.max(...sent.map((piece) => piece.length))).toBeLessThanOrEqual(20_000);
  });
});

describe('messages at the end', () => {
  it('messages at the end decode to what was written', async () => {
    const prepared = {
      status: 'SUCCESS' as const,
      transactionId: 2 ** 40,
      files: Array.from({ length: 2000 }, (_, i) => `file-${i}`),
      indexIds: [1, 2 ** 33],
    };
    const { writer, bytes } = collect(8200);
    await writer.prepared(prepared);
    expect((await decodeAnswer('prepareStoreCopy', [bytes()])).outcome).toEqual({ kind: 'prepared', ...prepared });
    for (const status of ['SUCCESS', 'E_STORE_ID_MISMATCH', 'E_TOO_FAR_BEHIND', 'E_UNKNOWN'] as const) {
      const one = collect();
      await one.writer.copyFinished(status);
      expect((await decodeAnswer('indexSnapshot', [one.bytes()])).outcome).toEqual({ kind: 'copyFinished', status });
    }
    const ended = collect();
    await ended.writer.streamFinished('E_INVALID_REQUEST', -1);
    expect(ended.bytes().toString('hex')).toBe('00000001060000000c00000005ffffffffffffffff');
    const unknown = collect();
    await unknown.writer.storeId(undefined);
    expect(unknown.bytes().toString('hex')).toBe('00000001020000000100');
  });

  it('messages at the end resolve when the sink has everything', async () => {
    let release = () => {};
    let isSent = false;
    const writer = new ResponseWriter(() => new Promise((resolve) => (release = resolve)));
    const finished = writer.storeId(storeId).then(() => (isSent = true));
    await new Promise(setImmediate);
    expect(isSent).toBe(false);
    release();
    await finished;
    expect(isSent).toBe(true);
  });
});

describe('a sink', () => {
  it('a failing sink fails the writer', async () => {
    const failed = new Error('the client is gone');
    const writer = new ResponseWriter(() => Promise.reject(failed), 8200);
    await writer.beginFile('a', 1);
    const write = async () => {
      for (;;) await writer.fileBytes(Buffer.alloc(8192));
    };
    await expect(write()).rejects.toBe(failed);
    const other = new ResponseWriter(() => Promise.reject(failed));
    await expect(other.copyFinished('SUCCESS')).rejects.toBe(failed);
  });

  it('a sink gets at most one piece at a time', async () => {
    let busy = 0;
    let most = 0;
    const writer = new ResponseWriter(async () => {
      most = Math.max(most, ++busy);
      await new Promise(setImmediate);
      busy--;
    }, 8200);
    for (let i = 0; i < 5; i++) {
      await writer.beginTransaction(storeId, 30_000);
      await writer.transactionBytes(Buffer.alloc(30_000));
      writer.endTransaction();
    }
    await writer.flush();
    expect(most).toBe(1);
    expect(busy).toBe(0);
  });
});

describe('misuse is refused', () => {
  it('calls out of order, wrong sizes and unsendable values are refused', async () => {
    const { writer } = collect();
    expect(() => writer.fileBytes(Buffer.alloc(1))).toThrow(RangeError);
    expect(() => writer.endFile()).toThrow(RangeError);
    expect(() => writer.transactionBytes(Buffer.alloc(1))).toThrow(RangeError);
    expect(() => writer.endTransaction()).toThrow(RangeError);
    expect(() => writer.beginFile('', 1)).toThrow(RangeError);
    expect(() => writer.beginFile('a'.repeat(MAX_NAME_BYTES + 1), 1)).toThrow(RangeError);
    expect(() => writer.beginFile('a', 0)).toThrow(RangeError);
    expect(() => writer.beginTransaction(storeId, MAX_FRAME_PAYLOAD)).toThrow(RangeError);
    await writer.beginFile('a', 1);
    expect(() => writer.beginFile('b', 1)).toThrow(RangeError);
    await expect(writer.copyFinished('SUCCESS')).rejects.toThrow(RangeError);
    await writer.endFile();
    await writer.beginTransaction(storeId, 10);
    expect(() => writer.transactionBytes(Buffer.alloc(11))).toThrow(RangeError);
    await writer.transactionBytes(Buffer.alloc(9));
    expect(() => writer.endTransaction()).toThrow('1 bytes of the transaction are missing');
    expect(() => new ResponseWriter(() => undefined, 8199)).toThrow(RangeError);
  });
});
