import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { Dice } from '../../../../test/support/random/dice.ts';
import { nextSeed } from '../../../../test/support/random/seed.ts';
import { loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { sha256Of } from '../../../objects/whole-object.ts';
import { FRAME_BYTES } from '../frames/limits.ts';
import { SealPool } from '../pool/seal-pool.ts';
import type { Unsealing } from '../unseal/unsealing.ts';
import { unsealObject } from '../unseal/whole-object.ts';
import { UnsealPool, type UnsealPoolOptions } from './unseal-pool.ts';

const identity = await generateX25519Identity();
const identities = new Decrypter();
identities.addIdentity(identity);
const codec = await loadFrameCodec();
const sealing = await SealPool.start({ recipients: [await identityToRecipient(identity)], level: 1 });
const plainSealing = await SealPool.start({ recipients: 'none', level: 1 });
afterAll(() => Promise.all([sealing.close(), plainSealing.close()]));

const pools: UnsealPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function makePool(options: UnsealPoolOptions = {}): UnsealPool {
  const pool = new UnsealPool(options);
  pools.push(pool);
  return pool;
}

async function seal(content: Uint8Array, pool = sealing): Promise<Buffer> {
  const object = await pool.open({ hasTable: true });
  await object.write(content);
  const { bytes, release } = await object.seal();
  const copy = Buffer.from(bytes);
  release();
  return copy;
}

const sourceOf = (stored: Uint8Array) => ({
  key: 'object',
  fetch: async (into: Buffer) => {
    into.set(stored);
    return stored.length;
  },
  verify: () => {},
});

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

/** The content, or the code and message of the error. */
async function outcomeOf(pieces: AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    return await collect(pieces);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
}

/** In this thread. */
function unsealHere(stored: Uint8Array): AsyncGenerator<Uint8Array> {
  const expected = { key: 'object', bytes: stored.length, sha256: sha256Of(stored) };
  return unsealObject(Buffer.from(stored), expected, { codec, identities });
}

/** A file for the threads of a pool that does only this. */
const threadThat = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

describe('an unseal pool', () => {
  it('unseals many objects at the same time, of any size, encrypted or not', async () => {
    const pool = makePool();
    const sizes = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 16 * FRAME_BYTES];
    const ways: [SealPool, Unsealing['identities']][] = [
      [sealing, identities],
      [plainSealing, 'none'],
    ];
    await Promise.all(
      sizes.flatMap((size) =>
        ways.map(async ([seals, opens]) => {
          const content = randomBytes(size);
          const stored = await seal(content, seals);
          const found = await collect(pool.unseal(sourceOf(stored), { identities: opens }));
          expect(found.equals(content), `${size} bytes`).toBe(true);
        }),
      ),
    );
  });

  it('says the same of a damaged object as one thread does, and goes on', async () => {
    const pool = makePool();
    const dice = new Dice(nextSeed());
    const content = randomBytes(150_000);
    const stored = await seal(content);
    for (let round = 0; round < campaign.rounds(200, 20); round++) {
      const damaged = Buffer.from(stored);
      const at = dice.below(damaged.length);
      damaged[at] = damaged[at]! ^ (1 << dice.below(8));
      const cut = dice.below(3) === 0 ? damaged.subarray(0, at) : damaged;
      const expected = await outcomeOf(unsealHere(cut));
      expect(await outcomeOf(pool.unseal(sourceOf(cut), { identities })), `byte ${at}`).toEqual(expected);
    }
    expect((await collect(pool.unseal(sourceOf(stored), { identities }))).equals(content)).toBe(true);
  });

  it('gives the memory of an object back, however it ends', async () => {
    const pool = makePool({ objects: 2 });
    const stored = await seal(Buffer.alloc(3 * FRAME_BYTES));
    const failing = async () => {
      throw new Error('no such object');
    };
    for (let round = 0; round < 4; round++) {
      for await (const piece of pool.unseal(sourceOf(stored), { identities })) {
        expect(piece.length).toBe(FRAME_BYTES);
        break;
      }
      await expect(collect(pool.unseal({ ...sourceOf(stored), fetch: failing }, { identities }))).rejects.toThrow(
        'no such',
      );
      const verify = () => {
        throw new Error('another one');
      };
      await expect(collect(pool.unseal({ ...sourceOf(stored), verify }, { identities }))).rejects.toThrow('another');
      await expect(collect(pool.unseal(sourceOf(stored), { identities: 'none' }))).rejects.toThrow();
      await expect(collect(pool.unseal(sourceOf(stored), { identities: undefined }))).rejects.toMatchObject({
        code: 'repository.key-missing',
      });
    }
    expect(await collect(pool.unseal(sourceOf(stored), { identities }))).toHaveLength(3 * FRAME_BYTES);
  });

  it('does not let later objects keep the memory that the first one waits for', async () => {
    const pool = makePool({ objects: 2 });
    const stored = await seal(Buffer.alloc(10));
    let arrive = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const source = sourceOf(stored);
    const late = { ...source, fetch: (into: Buffer) => arrival.then(() => source.fetch(into)) };
    // As a log is assembled: three are fetched at the same time, and read one after the other.
    const objects = [late, source, source].map((one) => pool.unseal(one, { identities }));
    const begun = objects.map((pieces) => pieces.next());
    await begun[1];
    await Promise.race([begun[2], setTimeout(500)]);
    arrive();
    for (const [i, pieces] of objects.entries()) {
      expect(await begun[i]).toMatchObject({ done: false });
      await pieces.return(undefined);
    }
  });

  it('gives the memory back of an object that never came, though it waited for its turn', async () => {
    const pool = makePool({ objects: 1 });
    const stored = await seal(Buffer.alloc(10));
    const source = sourceOf(stored);
    const reading = pool.unseal(source, { identities });
    await reading.next();
    const failing = pool.unseal({ ...source, fetch: () => Promise.reject(new Error('gone')) }, { identities });
    await expect(collect(failing)).rejects.toThrow('gone');
    const next = collect(pool.unseal(source, { identities }));
    await reading.return(undefined);
    expect(await next).toHaveLength(10);
  });

  it('fails when a thread does, and when it is closed', async () => {
    const stored = await seal(Buffer.alloc(10));
    const ended = makePool({ workerFile: threadThat('process.exit(3)') });
    const lost = collect(ended.unseal(sourceOf(stored), { identities }));
    await expect(lost).rejects.toMatchObject({
      code: 'internal',
      message: 'a thread that unseals has ended too early',
    });
    await expect(collect(ended.unseal(sourceOf(stored), { identities }))).rejects.toMatchObject({ code: 'internal' });
    const silent = makePool({ workerFile: threadThat('setInterval(() => {}, 1000)') });
    const waiting = expect(collect(silent.unseal(sourceOf(stored), { identities }))).rejects.toMatchObject({
      code: 'cancelled',
    });
    await silent.close();
    await waiting;
  });
});
