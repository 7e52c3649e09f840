import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutateBytes } from '../../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../../../test/support/random/seed.ts';
import { Dice } from '../../../base/dice.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { decodeFrames } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { FRAME_BYTES, MOST_OBJECT_BYTES } from './limits.ts';
import { encodeSeekTable, type FrameSizes, MOST_TABLE_BYTES, readSeekTable, seekTableBytes } from './seek-table.ts';

const codec = await loadFrameCodec();
const KEY = 'data/1/0.zst';

/** The largest block of zstd. */
const BLOCK_BYTES = 128 * 1024;

function encodeFrames(content: Uint8Array, { hasTable = true, frameBytes = FRAME_BYTES } = {}): Buffer {
  const written: Buffer[] = [];
  const writer = new FrameWriter({ codec, level: 1, hasTable, write: (bytes) => written.push(Buffer.from(bytes)) });
  for (let at = 0; at < content.length; at += frameBytes) writer.frame(content.subarray(at, at + frameBytes));
  writer.end();
  return Buffer.concat(written);
}

function decode(object: Uint8Array): Buffer {
  return Buffer.concat(Array.from(decodeFrames(object, KEY, codec), (bytes) => Buffer.from(bytes)));
}

/** What decoding fails with; undefined if it succeeds. */
function faultOf(object: Uint8Array): string | undefined {
  try {
    decode(object);
    return undefined;
  } catch (error) {
    if (error instanceof GraphkeepError) return error.code;
    throw error;
  }
}

/** A frame of one byte, repeated so many times, that declares a size or none. */
function repeatedByte(bytes: number, declaredBytes: number | undefined): Buffer {
  const head = Buffer.from('28b52ffd0050', 'hex');
  const sizedHead = Buffer.from('28b52ffda000000000', 'hex');
  if (declaredBytes !== undefined) sizedHead.writeUInt32LE(declaredBytes, 5);
  const blocks: Buffer[] = [];
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    const block = Buffer.alloc(4);
    const isLast = left <= BLOCK_BYTES ? 1 : 0;
    block.writeUIntLE((Math.min(left, BLOCK_BYTES) << 3) | 2 | isLast, 0, 3);
    blocks.push(block);
  }
  return Buffer.concat([declaredBytes === undefined ? head : sizedHead, ...blocks]);
}

/** Compressible, and no two places are alike. */
function sample(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 16) content.writeUInt32LE((at * 2654435761) >>> 0, at);
  return content;
}

describe('frames', () => {
  it.each([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, 16 * FRAME_BYTES])(
    'frames give back %i bytes, with and without a table',
    (bytes) => {
      const content = sample(bytes);
      expect(decode(encodeFrames(content)).equals(content)).toBe(true);
      expect(decode(encodeFrames(content, { hasTable: false })).equals(content)).toBe(true);
    },
  );

  it('frames of any size give back what they hold', () => {
    const anyContent = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 200, max: 4000 }), fc.boolean());
    fc.assert(
      fc.property(anyContent, ([content, frameBytes, hasTable]) => {
        expect(decode(encodeFrames(content, { frameBytes, hasTable })).equals(content)).toBe(true);
      }),
      { numRuns: campaign.rounds(200) },
    );
  });

  it('frames are refused before they are written larger than 1 MiB', () => {
    const writer = new FrameWriter({ codec, level: 1, hasTable: true, write: () => {} });
    expect(() => writer.frame(new Uint8Array(FRAME_BYTES + 1))).toThrow(RangeError);
  });

  it('a table tells where each frame is', () => {
    const content = sample(2 * FRAME_BYTES + 10);
    const object = encodeFrames(content);
    const places = readSeekTable(object.subarray(-MOST_TABLE_BYTES), object.length, KEY)!;
    expect(places.map(({ contentAt, contentBytes }) => [contentAt, contentBytes])).toEqual([
      [0, FRAME_BYTES],
      [FRAME_BYTES, FRAME_BYTES],
      [2 * FRAME_BYTES, 10],
    ]);
    for (const { encodedAt, encodedBytes, contentAt, contentBytes } of places) {
      const frame = codec.decode(object.subarray(encodedAt, encodedAt + encodedBytes), contentBytes);
      expect(content.subarray(contentAt, contentAt + contentBytes).equals(frame)).toBe(true);
    }
  });

  it('a table has the bytes of the seekable format', () => {
    const table = encodeSeekTable([{ encodedBytes: 0x1234, contentBytes: 0x100000 }]);
    expect(table.toString('hex')).toBe('5e2a4d1811000000341200000000100001000000' + '00' + 'b1ea928f');
    expect(table.length).toBe(seekTableBytes(1));
  });

  it('a frame that ends too early is truncated', () => {
    const object = encodeFrames(sample(5000), { hasTable: false });
    const ends = Array.from({ length: 20 }, (_, i) => object.length - 1 - i * 100).filter((end) => end > 0);
    for (const end of ends) expect(faultOf(object.subarray(0, end)), String(end)).toBe('repository.object-truncated');
  });

  it('bytes behind the frames are refused', () => {
    const object = encodeFrames(sample(5000), { hasTable: false });
    const skippable = Buffer.from('502a4d1805000000aabbccddee', 'hex');
    for (const more of [Buffer.alloc(7), Buffer.from('more than a frame'), skippable]) {
      expect(faultOf(Buffer.concat([object, more]))).toBe('repository.object-overlong');
      expect(faultOf(Buffer.concat([encodeFrames(sample(5000)), more]))).toBe('repository.object-overlong');
    }
  });

  it('a table that contradicts the object is refused', () => {
    const content = sample(FRAME_BYTES + 3);
    const plain = encodeFrames(content, { hasTable: false });
    const { length } = codec.encode(content.subarray(0, FRAME_BYTES), 1);
    const right: FrameSizes[] = [
      { encodedBytes: length, contentBytes: FRAME_BYTES },
      { encodedBytes: plain.length - length, contentBytes: 3 },
    ];
    const withTable = (frames: FrameSizes[]) => faultOf(Buffer.concat([plain, encodeSeekTable(frames)]));
    expect(withTable(right)).toBeUndefined();
    const [first, second] = right as [FrameSizes, FrameSizes];
    const wrong: FrameSizes[][] = [
      [],
      [first],
      [second, first],
      [first, { ...second, contentBytes: 4 }],
      [{ ...first, contentBytes: FRAME_BYTES - 1 }, second],
      [
        { ...first, encodedBytes: length + 1 },
        { ...second, encodedBytes: second.encodedBytes - 1 },
      ],
      // Both frames as one: a decoder must not get two.
      [{ encodedBytes: plain.length, contentBytes: FRAME_BYTES }],
      Array.from({ length: 19 }, () => ({ encodedBytes: 0, contentBytes: 0 })),
    ];
    for (const frames of wrong) expect(withTable(frames)).toBe('repository.object-damaged');
    expect(withTable([{ encodedBytes: plain.length, contentBytes: FRAME_BYTES + 1 }])).toBe(
      'repository.object-oversized',
    );
  });

  it('every byte of a table counts', () => {
    const object = encodeFrames(sample(3000));
    const start = object.length - seekTableBytes(1);
    for (let at = start; at < object.length; at++) {
      const damaged = Buffer.from(object);
      damaged[at]! ^= 0x40;
      expect(faultOf(damaged), `byte ${at - start}`).toMatch(/^repository\.object-(damaged|overlong|oversized)$/);
    }
  });

  it('a frame that declares no size, or a larger one than 1 MiB, is refused before it is decoded', () => {
    expect(faultOf(repeatedByte(FRAME_BYTES, FRAME_BYTES))).toBeUndefined();
    expect(faultOf(repeatedByte(FRAME_BYTES + 1, FRAME_BYTES + 1))).toBe('repository.object-oversized');
    expect(faultOf(repeatedByte(10, 2 ** 27))).toBe('repository.object-oversized');
    expect(faultOf(repeatedByte(10, undefined))).toBe('repository.object-oversized');
  });

  it('a frame that holds more than it declares is refused', () => {
    expect(faultOf(repeatedByte(FRAME_BYTES + 1, FRAME_BYTES))).toBe('repository.object-damaged');
    expect(faultOf(repeatedByte(500 * FRAME_BYTES, 1000))).toBe('repository.object-damaged');
    expect(faultOf(repeatedByte(999, 1000))).toBe('repository.object-damaged');
  });

  it('frames that hold more than an object may are refused', () => {
    const frame = Buffer.from(codec.encode(Buffer.alloc(FRAME_BYTES), 1));
    const most = Math.floor(MOST_OBJECT_BYTES / FRAME_BYTES);
    const bomb = (frames: number) => Buffer.concat(Array.from({ length: frames }, () => frame));
    expect(faultOf(bomb(most))).toBeUndefined();
    expect(faultOf(bomb(most + 1))).toBe('repository.object-oversized');
    expect(bomb(most + 1).length).toBeLessThan(5000);
  });

  it('damaged frames never fail in another way', () => {
    const dice = new Dice(nextSeed());
    const content = sample(20_000);
    const object = encodeFrames(content, { frameBytes: 5000 });
    let refused = 0;
    for (let round = 0; round < campaign.rounds(300); round++) {
      if (faultOf(mutateBytes(object, dice)) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });
});
