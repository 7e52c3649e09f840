import { createHash, randomBytes } from 'node:crypto';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { FRAME_BYTES, MOST_PLAIN_BYTES } from '../frames/limits.ts';
import { unsealObject } from '../unseal/whole-object.ts';
import type { SealedObject } from './object-in-progress.ts';
import { SealPool, type SealPoolOptions } from './seal-pool.ts';

const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
const codec = await loadFrameCodec();

const pools: SealPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function startPool(options: Partial<SealPoolOptions> = {}): Promise<SealPool> {
  const pool = await SealPool.start({ recipients, level: 1, ...options });
  pools.push(pool);
  return pool;
}

async function seal(pool: SealPool, content: Uint8Array, pieceBytes = 100_000): Promise<SealedObject> {
  const object = await pool.open({ hasTable: true });
  for (let at = 0; at < content.length; at += pieceBytes) await object.write(content.subarray(at, at + pieceBytes));
  return await object.seal();
}

async function unseal({ bytes, sha256 }: SealedObject, isEncrypted = true): Promise<Buffer> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const expected = { key: 'object', bytes: bytes.length, sha256 };
  const pieces: Buffer[] = [];
  const unsealing = { codec, identities: isEncrypted ? decrypter : ('none' as const) };
  for await (const piece of unsealObject(bytes, expected, unsealing)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** A file for the threads of a pool that does only this. */
const threadThat = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

/** True if the promise has not been settled when everything that is ready has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(resolve, 'pending'));
  return (await Promise.race([promise.catch(() => {}), turn])) === 'pending';
}

describe('a seal pool', () => {
  it('a seal pool seals what can be unsealed, whatever its size and pieces', async () => {
    const pool = await startPool();
    const open = await startPool({ recipients: 'none' });
    const anySize = fc.oneof(
      fc.integer({ min: 0, max: 3 * FRAME_BYTES }),
      fc.constantFrom(0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, MOST_PLAIN_BYTES),
    );
    await fc.assert(
      fc.asyncProperty(anySize, fc.integer({ min: 10_000, max: 3_000_000 }), async (bytes, pieceBytes) => {
        const content = randomBytes(bytes);
        for (const one of [pool, open]) {
          const object = await seal(one, content, pieceBytes);
          expect(object.plainBytes).toBe(bytes);
          expect((await unseal(object, one === pool)).equals(content)).toBe(true);
          expect(createHash('sha256').update(object.bytes).digest().equals(object.sha256)).toBe(true);
          object.release();
        }
      }),
      { numRuns: campaign.rounds(30) },
    );
  });

  it('a seal pool seals many objects at once', async () => {
    const pool = await startPool();
    const contents = Array.from({ length: campaign.size(25, 9) }, (_, i) => randomBytes(100_000 * (i % 7)));
    await Promise.all(
      contents.map(async (content) => {
        const object = await seal(pool, content);
        expect((await unseal(object)).equals(content)).toBe(true);
        object.release();
      }),
    );
  });

  it('a seal pool waits for memory until an object is released', async () => {
    const pool = await startPool({ objects: 2 });
    const [first, second] = [await seal(pool, randomBytes(100)), await pool.open({ hasTable: false })];
    const third = pool.open({ hasTable: false });
    const fourth = pool.open({ hasTable: false });
    expect(await isPending(third)).toBe(true);
    first.release();
    first.release();
    await third;
    expect(await isPending(fourth)).toBe(true);
    second.abandon();
    second.abandon();
    const object = await fourth;
    await object.write(Buffer.from('fourth'));
    expect((await unseal(await object.seal())).toString()).toBe('fourth');
  });

  it('a seal pool refuses more than an object may hold', async () => {
    const pool = await startPool();
    const object = await pool.open({ hasTable: true });
    for (let i = 0; i < 16; i++) await object.write(new Uint8Array(FRAME_BYTES));
    expect(object.roomBytes).toBe(0);
    await expect(object.write(new Uint8Array(1))).rejects.toThrow(RangeError);
    const sealed = await object.seal();
    expect((await unseal(sealed)).length).toBe(MOST_PLAIN_BYTES);
    await expect(object.write(new Uint8Array(0))).rejects.toThrow(/has ended/);
    await expect(object.seal()).rejects.toThrow(/has ended/);
  });

  it('a seal pool demands recipients that are valid', async () => {
    await expect(startPool({ recipients: [] })).rejects.toMatchObject({ code: 'repository.recipient-invalid' });
    await expect(startPool({ recipients: ['age1'] })).rejects.toMatchObject({ code: 'repository.recipient-invalid' });
  });

  it('a seal pool can be interrupted', async () => {
    const abort = new AbortController();
    const pool = await startPool({ objects: 1, signal: abort.signal });
    const object = await pool.open({ hasTable: true });
    const waiting = pool.open({ hasTable: true });
    const sealing = object.seal();
    abort.abort();
    for (const call of [waiting, sealing, pool.open({ hasTable: true })]) {
      await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    }
    await expect(startPool({ signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
    object.abandon();
  });

  it('a seal pool that is closed lets nobody wait', async () => {
    const pool = await startPool({ objects: 1 });
    const object = await pool.open({ hasTable: true });
    const waiting = pool.open({ hasTable: true });
    await object.write(randomBytes(2 * FRAME_BYTES + 5));
    const closing = pool.close();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(object.write(new Uint8Array(FRAME_BYTES))).rejects.toMatchObject({ code: 'cancelled' });
    await expect(object.seal()).rejects.toMatchObject({ code: 'cancelled' });
    await closing;
    object.abandon();
    await pool.close();
  });

  it('a seal pool keeps an object that was sealed before it was closed', async () => {
    const pool = await startPool();
    const content = randomBytes(200_000);
    const object = await seal(pool, content);
    await pool.close();
    expect((await unseal(object)).equals(content)).toBe(true);
    object.release();
  });

  const deaths = {
    'ends before it has begun': 'process.exit(3)',
    'ends at its first order':
      'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => process.exit(3))',
    'throws an error':
      'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => { throw new Error("out of luck") })',
    'needs too much memory':
      'import { parentPort } from "node:worker_threads"; const kept = []; parentPort.once("message", () => { for (;;) kept.push([...kept]) })',
    'does not exist': undefined,
  };
  it.each(Object.entries(deaths))('a seal pool whose thread %s fails with a cause', async (_, text) => {
    const workerFile = text === undefined ? new URL('file:///missing/worker.js') : threadThat(text);
    const pool = await startPool({ objects: 1, workerFile });
    const call = (async () => {
      const object = await pool.open({ hasTable: true });
      for (;;) await object.write(new Uint8Array(FRAME_BYTES));
    })();
    const failure = await call.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'internal', message: expect.stringMatching(/a thread that seals has/) });
    await expect(pool.open({ hasTable: true })).rejects.toBe(failure);
  });

  it('a seal pool fails with the error of the work itself', async () => {
    const pool = await startPool({
      workerFile: threadThat(
        'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => parentPort.postMessage({ kind: "failed", error: new RangeError("no such level") }))',
      ),
    });
    const object = await pool.open({ hasTable: true });
    await expect(object.seal()).rejects.toMatchObject({ code: 'internal', observed: 'no such level' });
  });
});
