import { describe, expect, it } from 'vitest';
import { mutateBytes } from '../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { Dice } from '../dice.ts';
import { type FrameCodec, loadFrameCodec } from './frame-codec.ts';
import { ZstdError, ZstdFrameScanner } from './frame-scanner.ts';
import { nativeZstd } from './native-zstd.ts';

const MIB = 1024 * 1024;

/** WebAssembly always, Node's zstd where it exists. */
const ways: { way: string; load: () => Promise<FrameCodec> }[] = [
  { way: 'without the zstd of Node', load: () => loadFrameCodec('none') },
  ...(nativeZstd === undefined ? [] : [{ way: 'with the zstd of Node', load: () => loadFrameCodec(nativeZstd) }]),
];

function words(bytes: number, dice: Dice): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 1 + dice.below(40)) content[at] = dice.below(256);
  return content;
}

function noise(bytes: number, dice: Dice): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => dice.below(256)));
}

describe.each(ways)('a frame codec $way', ({ load }) => {
  it('a frame codec gives back what it has encoded, however large', async () => {
    const codec = await load();
    const dice = new Dice(nextSeed());
    for (const bytes of [0, 1, 2, 255, 256, 257, 65_791, 65_792, MIB - 1, MIB]) {
      for (const content of [Buffer.alloc(bytes), words(bytes, dice), noise(bytes, dice)]) {
        const frame = Buffer.from(codec.encode(content, 1));
        expect(Buffer.from(codec.decode(frame, bytes)).equals(content), String(bytes)).toBe(true);
      }
    }
  });

  it('a frame codec writes one frame that declares its size and has no checksum', async () => {
    const codec = await load();
    for (const bytes of [0, 1, 300, 70_000, MIB]) {
      const frame = codec.encode(words(bytes, new Dice(nextSeed())), 1);
      const scanner = new ZstdFrameScanner();
      expect(scanner.advance(frame, 0)).toEqual({ end: frame.length, isFrameEnd: true });
      expect([scanner.contentBytes, scanner.isChecked, scanner.skippable]).toEqual([bytes, false, undefined]);
    }
  });

  it('a frame codec heeds the level', async () => {
    const codec = await load();
    const content = words(MIB, new Dice(nextSeed()));
    const [fast, small] = [1, 12].map((level) => codec.encode(content, level).length);
    expect(small).toBeLessThan(fast!);
  });

  it('a frame codec refuses a second frame, a cut one and one of another size', async () => {
    const codec = await load();
    const frame = Buffer.from(codec.encode(Buffer.from('hello'), 1));
    expect(() => codec.decode(Buffer.concat([frame, frame]), 5)).toThrow(ZstdError);
    expect(() => codec.decode(Buffer.concat([frame, Buffer.alloc(1)]), 5)).toThrow(ZstdError);
    expect(() => codec.decode(frame, 4)).toThrow(/declares 5 bytes in place of 4/);
    for (let end = 0; end < frame.length; end++)
      expect(() => codec.decode(frame.subarray(0, end), 5)).toThrow(ZstdError);
  });

  it('a frame codec refuses a frame that holds another size than it declares', async () => {
    const codec = await load();
    const frame = Buffer.from(codec.encode(Buffer.alloc(200, 'a'), 1));
    // The size is the byte behind magic and descriptor.
    expect(frame[5]).toBe(200);
    for (const bytes of [100, 199, 201, 255]) {
      frame[5] = bytes;
      expect(() => codec.decode(frame, bytes), String(bytes)).toThrow(ZstdError);
    }
  });

  it('a frame codec never fails in another way on damaged frames', async () => {
    const codec = await load();
    const dice = new Dice(nextSeed());
    const content = words(20_000, dice);
    const frame = Buffer.from(codec.encode(content, 1));
    for (let round = 0; round < campaign.rounds(200); round++) {
      const damaged = mutateBytes(frame, dice);
      let outcome: unknown;
      try {
        outcome = codec.decode(damaged, content.length).length;
      } catch (error) {
        outcome = error;
      }
      if (outcome !== content.length) expect(outcome).toBeInstanceOf(ZstdError);
    }
    expect(Buffer.from(codec.decode(frame, content.length)).equals(content)).toBe(true);
  });
});
