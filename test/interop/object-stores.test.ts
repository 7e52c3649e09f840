import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { openObjectStore } from '../../src/objects/opening/open-object-store.ts';
import { probeStore } from '../../src/objects/probe.ts';
import { Retries } from '../../src/objects/retry.ts';
import { readWhole, sha256Of } from '../../src/objects/whole-object.ts';
import { describeObjectStore } from '../support/conformance/object-store.ts';
import { describeInterop, S3Proxy } from './harness/index.ts';

/* Promise: with an S3 server of others, objects behave as the interface of a store says. */

/** A mistake of the server shows soon. */
const retries = new Retries({ deadlineMs: 20_000, firstPauseMs: 100, longestPauseMs: 2000 });
const never = new AbortController().signal;

describeInterop('s3proxy, which keeps objects as files', () => {
  let server: S3Proxy;
  let places = 0;

  beforeAll(async () => {
    server = await S3Proxy.start();
    process.env.AWS_ACCESS_KEY_ID = server.key.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = server.key.secretAccessKey;
  });
  afterAll(() => server.stop());

  const open = (path: string): Promise<ObjectStore> =>
    openObjectStore(`s3://${server.bucket}/${path}?endpoint=${server.endpoint}`, { retries });

  // It writes a file under a longer name at first.
  const longestPart = 200;
  describeObjectStore(
    'a bucket of s3proxy',
    async () => {
      const path = `place-${places++}`;
      return { open: () => open(path), close: async () => {} };
    },
    { longestPart },
  );

  it('the probe finds what the server can do', async () => {
    const store = await open('probe');
    expect(await probeStore(store, never)).toMatchObject({
      conditionalCreate: true,
      conditionalReplace: true,
      serverSideCopy: true,
      startAfter: true,
    });
    for await (const { key } of store.list('', undefined, never)) expect.fail(key);
  });

  it('an object that arrives with other bytes is refused', async () => {
    const store = await open('damaged');
    const created = store.create('a', Buffer.from('x'), sha256Of(Buffer.from('y')), {}, never);
    await expect(created).rejects.toMatchObject({ code: 'object.damaged' });
    expect(await store.stat('a', never)).toBeUndefined();
  });

  it('an object of 16 MiB comes back', async () => {
    const store = await open('large');
    const bytes = Buffer.alloc(1 << 24, 'some bytes of a store');
    await store.create('a', bytes, sha256Of(bytes), {}, never);
    expect((await readWhole(store, 'a', { mostBytes: 1 << 24 }, never)).equals(bytes)).toBe(true);
  });

  it('a list of more objects than fit into one answer is complete', async () => {
    const store = await open('many');
    const keys = Array.from({ length: 1100 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(
        keys
          .slice(at, at + 50)
          .map((key) => store.create(key, Buffer.from('x'), sha256Of(Buffer.from('x')), {}, never)),
      );
    }
    const found: string[] = [];
    for await (const { key } of store.list('', undefined, never)) found.push(key);
    expect(found).toEqual(keys);
    expect((await store.remove(keys, never)).every((result) => result.removed)).toBe(true);
    for await (const { key } of store.list('', undefined, never)) expect.fail(key);
  });

  it('a bucket that does not exist, and credentials that are wrong, are told apart', async () => {
    const body = Buffer.from('x');
    const create = (store: ObjectStore) => store.create('a', body, sha256Of(body), {}, never);
    const nowhere = await openObjectStore(`s3://nowhere?endpoint=${server.endpoint}`);
    await expect(create(nowhere)).rejects.toMatchObject({ code: 'object.no-store' });
    const printed = JSON.stringify({ Version: 1, AccessKeyId: server.key.accessKeyId, SecretAccessKey: 'wrong' });
    const credentialsCommand = [process.execPath, '-e', `console.log(${JSON.stringify(printed)})`];
    const wrong = await openObjectStore(`s3://${server.bucket}?endpoint=${server.endpoint}`, { credentialsCommand });
    await expect(create(wrong)).rejects.toMatchObject({ code: 'object.credentials' });
  });
});
