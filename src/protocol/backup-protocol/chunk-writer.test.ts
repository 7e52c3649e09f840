import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAnswer } from '../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { BLOCK_SIZE, MAX_FRAME_PAYLOAD } from './limits.ts';
import { ResponseWriter } from './response-writer.ts';

const id = { creationTime: 5, randomId: -7n, storeVersion: 1n, upgradeTime: 5, upgradeTransactionId: 1 };

function payloadLengths(frames: Buffer[]): number[] {
  return frames.map((frame) => frame.readUInt32BE(0));
}

describe('chunk writer', () => {
  it('ChunkWriter cuts a chunk of file blocks where the real server does', async () => {
    const frames: Buffer[] = [];
    const writer = new ChunkWriter((frame) => {
      frames.push(Buffer.from(frame));
      return undefined;
    });
    const data = Buffer.alloc(255 * 40_000, 7);
    for (let at = 0; at < data.length; ) {
      await writer.reserve(BLOCK_SIZE);
      at += writer.appendBlocks(data, at, data.length) * 255;
    }
    await writer.finish();
    // 2 + 16383 * 256, as captured (spec common-protocol 5, 18).
    expect(payloadLengths(frames)).toEqual([4194050, 4194050, 2 + (40_000 - 2 * 16383) * 256]);
    expect(frames.map((frame) => frame.toString('hex', 4, 6))).toEqual(['0902', '0902', '0802']);
  });

  it('ChunkWriter keeps atoms whole, never reaches the limit, sends no empty chunk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 297 }), { maxLength: 60 }), async (sizes) => {
        const frames: Buffer[] = [];
        const writer = new ChunkWriter((frame) => {
          frames.push(Buffer.from(frame));
          return undefined;
        }, 300);
        const expected: number[][] = [[]];
        let payload = 2;
        for (const size of sizes) {
          if (payload + size >= 300) {
            expected.push([]);
            payload = 2;
          }
          payload += size;
          expected.at(-1)!.push(size);
          await writer.reserve(size);
          writer.append(Buffer.alloc(size));
        }
        await writer.finish();
        const sum = (list: number[]) => list.reduce((a, b) => a + b, 2);
        expect(payloadLengths(frames)).toEqual(expected.map(sum));
      }),
    );
    const writer = new ChunkWriter(() => undefined);
    expect(() => writer.reserve(MAX_FRAME_PAYLOAD - 2)).toThrow(RangeError);
    expect(writer.reserve(MAX_FRAME_PAYLOAD - 3)).toBeUndefined();
  });

  it('ChunkWriter waits for the sink, and passes on its failure', async () => {
    let inFlight = 0;
    let most = 0;
    const writer = new ResponseWriter(async () => {
      most = Math.max(most, ++inFlight);
      await setTimeout(1);
      inFlight--;
    }, 1000);
    await writer.beginFile({ name: 'a', alignment: 1, empty: false });
    await writer.fileBytes(Buffer.alloc(50_000));
    await writer.endFile();
    await writer.finish();
    expect([most, inFlight]).toEqual([1, 0]);

    const broken = new ResponseWriter(() => Promise.reject(new Error('reset')), 1000);
    await broken.beginFile({ name: 'a', alignment: 1, empty: false });
    await expect(broken.fileBytes(Buffer.alloc(50_000))).rejects.toThrow('reset');
  });
});

describe('response writer', () => {
  it('ResponseWriter writes files of every size so that they decode to the same', async () => {
    const size = fc.oneof(
      fc.integer({ min: 0, max: 600 }),
      fc.constantFrom(255, 510, 765, 10_200),
      fc.integer({ min: 0, max: 20_000 }),
    );
    const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });
    const limit = fc.constantFrom(259, 300, 4000, MAX_FRAME_PAYLOAD);
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { maxLength: 4 }),
        pieces,
        limit,
        fc.nat(3000),
        async (sizes, cuts, most, tail) => {
          const frames: Buffer[] = [];
          const writer = new ResponseWriter((frame) => {
            frames.push(Buffer.from(frame));
            return undefined;
          }, most);
          const files = sizes.map((length, i) => ({
            name: `f${i}`,
            bytes: Buffer.from(Array.from({ length }, (_, k) => k * 7 + i)),
          }));
          for (const { name, bytes } of files) {
            await writer.beginFile({ name, alignment: 1, empty: bytes.length === 0 });
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const end = at + cuts[i % cuts.length]!;
              await writer.fileBytes(bytes.subarray(at, end));
              at = end;
            }
            await writer.endFile();
          }
          await writer.endFiles();
          await writer.storeId(id);
          await writer.transactions(Buffer.alloc(tail, 9));
          await writer.finish();
          const { handler, outcome } = await decodeAnswer('full', frames);
          expect(outcome).toEqual({ kind: 'complete' });
          expect(handler.files.map((file) => [file.name, file.bytes.toString('hex')])).toEqual(
            files.map((file) => [file.name, file.bytes.toString('hex')]),
          );
          expect(handler.id).toEqual(id);
          expect(handler.transactions.equals(Buffer.alloc(tail, 9))).toBe(true);
          expect(payloadLengths(frames).every((length) => length > 2 && length < most)).toBe(true);
        },
      ),
      { numRuns: campaign.rounds(200) },
    );
  });

  it('ResponseWriter drops what is not sent when it fails', async () => {
    const frames: Buffer[] = [];
    const writer = new ResponseWriter((frame) => {
      frames.push(Buffer.from(frame));
      return undefined;
    }, 1000);
    await writer.storeId(id);
    await writer.transactions(Buffer.alloc(1500));
    await writer.fail(Buffer.from('payload'));
    expect(frames.map((frame) => frame.toString('hex', 4, 6))).toEqual(['0902', '0a02']);
    expect(frames[1]!.toString('latin1', 6)).toBe('payload');
  });

  it('ResponseWriter refuses to write what cannot be read', async () => {
    const writer = new ResponseWriter(() => undefined);
    await expect(writer.beginFile({ name: '', alignment: 1, empty: true })).rejects.toThrow(RangeError);
    await writer.beginFile({ name: 'empty', alignment: 1, empty: true });
    await expect(writer.fileBytes(Buffer.alloc(1))).rejects.toThrow(RangeError);
    await writer.beginFile({ name: 'data', alignment: 1, empty: false });
    await expect(writer.endFile()).rejects.toThrow(RangeError);
  });
});
