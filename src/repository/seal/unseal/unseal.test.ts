import { randomBytes } from 'node:crypto';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { FRAME_BYTES, MOST_OBJECT_BYTES, MOST_PLAIN_BYTES, OBJECT_ROOM_BYTES } from '../frames/limits.ts';
import { ObjectSealer } from '../sealer/object-sealer.ts';
import { RangedObject } from './ranged-object.ts';
import type { Unsealing } from './unsealing.ts';
import { type ExpectedObject, unsealObject } from './whole-object.ts';

const KEY = 'data/1/0.zst.age';
const codec = await loadFrameCodec();
const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
const own: Unsealing = { codec, identities: decrypterFor(identity) };
const clear: Unsealing = { codec, identities: 'none' };

function decrypterFor(one: string): Decrypter {
  const decrypter = new Decrypter();
  decrypter.addIdentity(one);
  return decrypter;
}

interface Sealed {
  stored: Buffer;
  expected: ExpectedObject;
}

async function seal(content: Uint8Array, { isEncrypted = true, hasTable = true } = {}): Promise<Sealed> {
  const output = new Uint8Array(OBJECT_ROOM_BYTES);
  const sealing = { recipients: isEncrypted ? recipients : ('none' as const), level: 1 };
  const sealer = await ObjectSealer.start(output, sealing, hasTable, codec);
  for (let at = 0; at < content.length; at += FRAME_BYTES) sealer.frame(content.subarray(at, at + FRAME_BYTES));
  const { bytes, sha256 } = sealer.end();
  return { stored: Buffer.from(output.subarray(0, bytes)), expected: { key: KEY, bytes, sha256 } };
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    expect(error.place?.file).toBe(KEY);
    return error.code;
  }
}

/** Half of it can be compressed. */
function sample(bytes: number): Buffer {
  const content = randomBytes(bytes);
  for (let at = 0; at < bytes; at += 8192) content.subarray(at, at + 4096).fill(at & 255);
  return content;
}

/** A store that notes what is read. */
function storeOf({ stored, expected }: Sealed, answer = (from: number, to: number) => stored.subarray(from, to)) {
  const reads: [from: number, to: number][] = [];
  const read = async (from: number, to: number) => {
    reads.push([from, to]);
    return answer(from, to);
  };
  return { object: { key: KEY, bytes: expected.bytes, read }, reads };
}

describe('a whole object', () => {
  it.each([0, 1, FRAME_BYTES, FRAME_BYTES + 1, 2_500_000, MOST_PLAIN_BYTES])(
    'a whole object gives back %i bytes, encrypted or not, with and without a table',
    async (bytes) => {
      const content = sample(bytes);
      for (const hasTable of [true, false]) {
        const sealed = await seal(content, { hasTable });
        expect((await collect(unsealObject(sealed.stored, sealed.expected, own))).equals(content)).toBe(true);
        const open = await seal(content, { hasTable, isEncrypted: false });
        expect((await collect(unsealObject(open.stored, open.expected, clear))).equals(content)).toBe(true);
      }
    },
  );

  it('a whole object that cannot be compressed fits into its room', async () => {
    const { stored } = await seal(randomBytes(MOST_PLAIN_BYTES));
    // The longest header is below 64 KiB.
    expect(stored.length + 64 * 1024).toBeLessThan(OBJECT_ROOM_BYTES);
  });

  it('a whole object is compared before any byte of it is used', async () => {
    const { stored, expected } = await seal(sample(100_000));
    const unseal = (bytes: Uint8Array, other = expected) => codeOf(collect(unsealObject(bytes, other, own)));
    expect(await unseal(stored.subarray(0, -1))).toBe('repository.object-truncated');
    expect(await unseal(Buffer.concat([stored, Buffer.alloc(1)]))).toBe('repository.object-overlong');
    const changed = Buffer.from(stored);
    changed[stored.length - 1]! ^= 1;
    expect(await unseal(changed)).toBe('repository.object-damaged');
    expect(await unseal(stored, { ...expected, bytes: MOST_OBJECT_BYTES + 1 })).toBe('repository.object-oversized');
    const first = await unsealObject(changed, expected, own)
      .next()
      .catch(() => 'nothing');
    expect(first).toBe('nothing');
  });

  it('a whole object needs its key', async () => {
    const { stored, expected } = await seal(sample(100));
    const other = decrypterFor(await generateX25519Identity());
    const unseal = (identities: Unsealing['identities']) =>
      codeOf(collect(unsealObject(stored, expected, { codec, identities })));
    expect(await unseal(undefined)).toBe('repository.key-missing');
    expect(await unseal(other)).toBe('repository.key-wrong');
    expect(await unseal('none')).toBe('repository.object-damaged');
    const open = await seal(sample(100), { isEncrypted: false });
    expect(await codeOf(collect(unsealObject(open.stored, open.expected, own)))).toBe('repository.object-damaged');
  });
});

describe('ranges of an object', () => {
  it('ranges of an object are what is there, encrypted or not', async () => {
    const content = sample(3 * FRAME_BYTES + 12_345);
    const [sealed, open] = [await seal(content), await seal(content, { isEncrypted: false })];
    const ways = [
      await RangedObject.open(storeOf(sealed).object, own),
      await RangedObject.open(storeOf(open).object, clear),
    ];
    const anyRange = fc
      .tuple(fc.nat(content.length), fc.nat(content.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    for (const object of ways) expect(object.plainBytes).toBe(content.length);
    await fc.assert(
      fc.asyncProperty(anyRange, fc.constantFrom(...ways), async ([from, to], object) => {
        expect((await collect(object.read(from!, to!))).equals(content.subarray(from, to))).toBe(true);
      }),
      { numRuns: campaign.rounds(60) },
    );
    for (const [from, to] of [
      [0, content.length],
      [FRAME_BYTES, 2 * FRAME_BYTES],
      [5, 5],
      [0, 0],
      [content.length - 1, content.length],
    ]) {
      expect((await collect(ways[0]!.read(from!, to!))).equals(content.subarray(from, to)), `${from}`).toBe(true);
    }
  });

  it('ranges of an object are read without the rest of it', async () => {
    const content = randomBytes(8 * FRAME_BYTES);
    const sealed = await seal(content);
    const { object, reads } = storeOf(sealed);
    const ranged = await RangedObject.open(object, own);
    expect((await collect(ranged.read(3_500_000, 3_500_010))).equals(content.subarray(3_500_000, 3_500_010))).toBe(
      true,
    );
    expect(reads.length).toBe(3);
    const bytes = reads.reduce((sum, [from, to]) => sum + to - from, 0);
    expect(bytes).toBeLessThan(FRAME_BYTES + 5 * 65_552);
  });

  it('ranges of an object outside of it are a mistake of the caller', async () => {
    const object = await RangedObject.open(storeOf(await seal(sample(100))).object, own);
    await expect(collect(object.read(0, 101))).rejects.toThrow(RangeError);
    await expect(collect(object.read(-1, 5))).rejects.toThrow(RangeError);
  });

  it('ranges of an empty object are empty', async () => {
    const object = await RangedObject.open(storeOf(await seal(new Uint8Array(0))).object, own);
    expect([object.plainBytes, (await collect(object.read(0, 0))).length]).toEqual([0, 0]);
  });

  it('ranges of a damaged object are refused', async () => {
    const content = randomBytes(FRAME_BYTES + 5000);
    const sealed = await seal(content);
    const { stored } = sealed;
    const readAll = async (bytes: Buffer, answer?: (from: number, to: number) => Buffer) => {
      const { object } = storeOf(
        { ...sealed, stored: bytes, expected: { ...sealed.expected, bytes: bytes.length } },
        answer,
      );
      const ranged = await RangedObject.open(object, own);
      return await collect(ranged.read(0, ranged.plainBytes));
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(stored);
        changed[at]! ^= change;
        expect(await codeOf(readAll(changed))).toMatch(/^repository\.(object-(damaged|truncated)|key-wrong)$/);
      }),
      { numRuns: campaign.rounds(50) },
    );
    expect(await codeOf(readAll(stored.subarray(0, -1)))).toBe('repository.object-damaged');
    // To the byte at a chunk, so that only its flag tells.
    const header = stored.lastIndexOf('\n--- ') + 49;
    expect(await codeOf(readAll(stored.subarray(0, header + 16 + 5 * 65_552)))).toBe('repository.object-truncated');
    expect(await codeOf(readAll(stored, (from, to) => stored.subarray(from, to - 1)))).toBe(
      'repository.object-truncated',
    );
    expect(await codeOf(readAll(stored, (from, to) => Buffer.alloc(to - from + 1)))).toBe('repository.object-overlong');
    const tar = await seal(content, { hasTable: false });
    expect(await codeOf(RangedObject.open(storeOf(tar).object, own))).toBe('repository.object-damaged');
    const huge = { ...sealed, expected: { ...sealed.expected, bytes: MOST_OBJECT_BYTES + 1 } };
    expect(await codeOf(RangedObject.open(storeOf(huge).object, own))).toBe('repository.object-oversized');
    expect(await codeOf(RangedObject.open(storeOf(sealed).object, { codec, identities: undefined }))).toBe(
      'repository.key-missing',
    );
  });
});
