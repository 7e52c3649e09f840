import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { mutateBytes } from '../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { Dice } from '../dice.ts';
import { decodeZstd } from './decoding.ts';
import { encodeZstd } from './encoding.ts';
import { ZstdError } from './frame-scanner.ts';
import { type NativeZstd, nativeZstd } from './native-zstd.ts';

/** The variants to test: the JavaScript fallback always, Node's zstd where it exists. */
const ways: { way: string; native: NativeZstd | undefined }[] = [
  { way: 'without the zstd of Node', native: undefined },
  ...(nativeZstd === undefined ? [] : [{ way: 'with the zstd of Node', native: nativeZstd }]),
];

async function* chunked(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** A dump made by a real 3.5.34: one frame with a checksum. */
const genuine = readFileSync(corpusPath('dumps/3.5.34.dump'));

/** A skippable frame, which decoders pass over. */
const skippable = Buffer.from('502a4d1805000000aabbccddee', 'hex');

describe.each(ways)('zstd $way', ({ native }) => {
  const decode = (bytes: Uint8Array, chunkBytes = 10_000) => buffer(decodeZstd(chunked(bytes, chunkBytes), native));
  const encode = (bytes: Uint8Array, chunkBytes = 10_000) => buffer(encodeZstd(chunked(bytes, chunkBytes), native));

  it('zstd decodes a frame of a real server, however it is cut into chunks', async () => {
    const decoded = await decode(genuine);
    expect(decoded.toString('latin1', 0, 4)).toBe('zstd');
    expect(decoded.length).toBeGreaterThan(200_000);
    expect(decoded.length % 512).toBe(24);
    for (const chunkBytes of [1, 2, 3, 17, 1000, genuine.length]) {
      expect((await decode(genuine, chunkBytes)).equals(decoded), String(chunkBytes)).toBe(true);
    }
  });

  it('zstd gives back what it has encoded', async () => {
    const dice = new Dice(nextSeed());
    for (const length of [0, 1, 1000, 1 << 20, (1 << 20) + 1, 3_300_000]) {
      const bytes = Buffer.alloc(length);
      for (let at = 0; at < length; at += 1 + dice.below(2000)) bytes[at] = dice.below(256);
      const encoded = await encode(bytes, 1 + dice.below(200_000));
      expect((await decode(encoded, 1 + dice.below(100_000))).equals(bytes), String(length)).toBe(true);
      // The checksum flag of the first frame.
      expect(encoded[4]! & 4).toBe(4);
    }
  });

  it('zstd reads every frame of a chunk, even after a skippable one', async () => {
    const [a, b] = [await encode(Buffer.from('hello ')), await encode(Buffer.from('world'))];
    for (const chunkBytes of [1, 5, 1000]) {
      const decoded = await decode(Buffer.concat([a, b, skippable, a, skippable]), chunkBytes);
      expect(decoded.toString()).toBe('hello worldhello ');
    }
    expect((await decode(Buffer.alloc(0))).length).toBe(0);
  });

  it('zstd notices every end inside a frame, and garbage after one', async () => {
    const dice = new Dice(nextSeed());
    const ends = [1, 4, 5, 8, genuine.length - 4, genuine.length - 1];
    for (let round = 0; round < campaign.rounds(30); round++) ends.push(1 + dice.below(genuine.length - 1));
    for (const end of ends) await expect(decode(genuine.subarray(0, end)), String(end)).rejects.toThrow(ZstdError);
    await expect(decode(Buffer.concat([genuine, Buffer.from('more than a frame')]))).rejects.toThrow(ZstdError);
    await expect(decode(Buffer.concat([genuine, Buffer.alloc(3)]))).rejects.toThrow(ZstdError);
  });

  it('zstd never gives out damaged bytes as if they were right', async () => {
    const dice = new Dice(nextSeed());
    const whole = await decode(genuine);
    for (let round = 0; round < campaign.rounds(60); round++) {
      const damaged = mutateBytes(genuine, dice);
      if (damaged.equals(genuine)) continue;
      const outcome = await decode(damaged, 1 + dice.below(20_000)).catch((error: unknown) => error);
      if (outcome instanceof Uint8Array) {
        // The damaged bits carried no information, or only whole frames remained.
        const isSame = Buffer.from(outcome).equals(whole);
        expect([round, isSame || damaged.length === 0]).toEqual([round, true]);
      } else expect(outcome).toBeInstanceOf(ZstdError);
    }
  });

  it('zstd passes the errors of its source', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield genuine.subarray(0, 1000);
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    }
    await expect(buffer(decodeZstd(broken(), native))).rejects.toMatchObject({ code: 'EIO' });
    await expect(buffer(encodeZstd(broken(), native))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('zstd can be stopped in the middle', async () => {
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield genuine;
      } finally {
        isClosed = true;
      }
    }
    for await (const bytes of decodeZstd(source(), native)) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(isClosed).toBe(true);
  });
});
