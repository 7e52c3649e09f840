import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeObjectStore } from '../../../test/support/conformance/object-store.ts';
import { PretendedTime } from '../../../test/support/objects/pretended-time.ts';
import { S3_KEY, type S3Misdeed, type S3Operation, S3Server } from '../../../test/support/objects/s3-server.ts';
import { Dice } from '../../../test/support/random/dice.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { describeError, type GraphkeepError } from '../../base/errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { probeStore } from '../probe.ts';
import { Retries } from '../retry.ts';
import { RetryingStore } from '../retrying-store.ts';
import { readWhole, sha256Of } from '../whole-object.ts';
import { CredentialsCommand } from './credentials-command.ts';
import { parseS3Address } from './s3-address.ts';
import type { S3Options } from './s3-client.ts';
import { S3Store } from './s3-store.ts';

const never = new AbortController().signal;
const body = Buffer.from('content');

/** Credentials without a program. */
class KnownCredentials extends CredentialsCommand {
  constructor() {
    super([]);
  }
  override async provide() {
    return S3_KEY;
  }
}
const credentials = new KnownCredentials();

function openStore(server: S3Server, prefix: string, options: S3Options = {}): Promise<S3Store> {
  const address = parseS3Address(`s3://${server.bucket}${prefix}?endpoint=${server.endpoint}`);
  return S3Store.open(address, { credentials, pageKeys: 7, ...options });
}

describeObjectStore('a bucket', async () => {
  const server = await S3Server.start();
  return { open: () => openStore(server, '/some/path'), close: () => server.stop() };
});

describeObjectStore(
  'a bucket that can do nothing in addition',
  async () => {
    const server = await S3Server.start();
    server.habits = {
      refusesConditions: true,
      ignoresStartAfter: true,
      keepsNoChecksum: true,
      refusesDeleteMany: true,
    };
    const store = await openStore(server, '');
    const { capabilities } = store;
    const found = await probeStore(store, never);
    const none = { conditionalCreate: false, conditionalReplace: false, startAfter: false, storedChecksum: false };
    expect(found).toEqual({ ...capabilities, ...none });
    const open = async () => Object.assign(await openStore(server, ''), { capabilities: found });
    return { open, close: () => server.stop() };
  },
  { races: false },
);

describeObjectStore('a bucket that often fails', async () => {
  const server = await S3Server.start();
  const dice = new Dice(nextSeed());
  const passing: S3Misdeed[] = [
    { status: 503, code: 'SlowDown' },
    { status: 409 },
    { status: 500 },
    'cut',
    'lose',
    { short: 1 },
  ];
  let failed = false;
  server.misdeed = () => {
    failed = !failed && dice.chance(0.4);
    return failed ? dice.pick(passing) : undefined;
  };
  return {
    open: async () => new RetryingStore(await openStore(server, ''), new Retries(undefined, new PretendedTime())),
    close: () => server.stop(),
  };
});

describe('a store in S3', () => {
  let server: S3Server;
  let store: S3Store;

  beforeEach(async () => {
    server = await S3Server.start();
    store = await openStore(server, '/path');
  });
  afterEach(() => server.stop());

  const create = (by: ObjectStore = store) => by.create('a', body, sha256Of(body), {}, never);
  const read = (by: ObjectStore = store) => readWhole(by, 'a', { mostBytes: 99 }, never);
  const failure = (call: Promise<unknown>): Promise<GraphkeepError> =>
    call.then(
      () => expect.fail('it succeeded'),
      (error: GraphkeepError) => error,
    );
  const misbehave = (misdeed: S3Misdeed, operation?: S3Operation) => {
    server.misdeed = (request) => (operation === undefined || request.operation === operation ? misdeed : undefined);
  };
  async function listKeys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix, undefined, never)) keys.push(key);
    return keys;
  }

  it('an object is sent once, with its hash and the condition', async () => {
    await create();
    const hash = sha256Of(body);
    expect(server.requests).toMatchObject([
      {
        operation: 'put',
        key: 'path/a',
        headers: {
          'content-length': '7',
          'if-none-match': '*',
          'x-amz-checksum-sha256': hash.toString('base64'),
          'x-amz-content-sha256': hash.toString('hex'),
        },
      },
    ]);
    expect(Object.keys(server.requests[0]!.headers).filter((name) => /crc|trailer|expect/.test(name))).toEqual([]);
  });

  it('an object that arrives with other bytes is refused', async () => {
    const created = store.create('a', body, sha256Of(Buffer.from('other')), {}, never);
    expect(await failure(created)).toMatchObject({
      code: 'object.damaged',
      observed: expect.stringContaining('BadDigest'),
    });
    expect(server.objects.size).toBe(0);
  });

  it('an object is protected for as long as was asked', async () => {
    const until = new Date('2031-01-02T03:04:05Z');
    await store.create('a', body, sha256Of(body), { lock: { until, mode: 'compliance' } }, never);
    await store.create('b', body, sha256Of(body), { lock: { until, mode: 'governance' } }, never);
    const headers = server.requests.map((request) => request.headers);
    expect(headers.map((sent) => sent['x-amz-object-lock-mode'])).toEqual(['COMPLIANCE', 'GOVERNANCE']);
    expect(Date.parse(String(headers[0]!['x-amz-object-lock-retain-until-date']))).toBe(until.getTime());
  });

  it('with days in the address every new object is protected, but not those that are soon removed', async () => {
    const text = `s3://${server.bucket}/path?endpoint=${server.endpoint}&lock-days=30&lock-mode=compliance`;
    const locking = await S3Store.open(parseS3Address(text), { credentials });
    await probeStore(locking, never);
    const etag = await locking.replace('lease/x', body, undefined, never);
    await locking.replace('lease/x', body, etag, never);
    const modeOf = (sent: { headers: Record<string, unknown> }) => sent.headers['x-amz-object-lock-mode'];
    expect(server.requests.map(modeOf)).toEqual(server.requests.map(() => undefined));
    const before = Date.now();
    await create(locking);
    const { headers } = server.requests.at(-1)!;
    expect(headers['x-amz-object-lock-mode']).toBe('COMPLIANCE');
    const until = Date.parse(String(headers['x-amz-object-lock-retain-until-date']));
    expect(until).toBeGreaterThanOrEqual(before - 1000 + 30 * 86_400_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 30 * 86_400_000);
  });

  it('a bucket that cannot protect objects says so', async () => {
    misbehave({ status: 400, code: 'InvalidRequest' }, 'put');
    const until = new Date(Date.now() + 60_000);
    const created = store.create('a', body, sha256Of(body), { lock: { until, mode: 'governance' } }, never);
    expect(await failure(created)).toMatchObject({
      code: 'object.unsupported',
      hint: expect.stringContaining('lock-days'),
    });
  });

  it.each<[string, S3Misdeed, string]>([
    ['403 AccessDenied', { status: 403, code: 'AccessDenied' }, 'object.denied'],
    ['404 NoSuchBucket', { status: 404, code: 'NoSuchBucket' }, 'object.no-store'],
    ['404 NoSuchKey', { status: 404, code: 'NoSuchKey' }, 'object.missing'],
    ['409 ConditionalRequestConflict', { status: 409, code: 'ConditionalRequestConflict' }, 'object.unavailable'],
    ['412 PreconditionFailed', { status: 412, code: 'PreconditionFailed' }, 'object.exists'],
    ['408', { status: 408 }, 'object.unavailable'],
    ['429 TooManyRequests', { status: 429, code: 'TooManyRequests' }, 'object.unavailable'],
    ['500 InternalError', { status: 500, code: 'InternalError' }, 'object.unavailable'],
    ['502 with a page of a proxy', { status: 502, html: true }, 'object.unavailable'],
    ['503 SlowDown', { status: 503, code: 'SlowDown' }, 'object.unavailable'],
    ['501 NotImplemented', { status: 501, code: 'NotImplemented' }, 'object.unsupported'],
    ['400 InvalidArgument', { status: 400, code: 'InvalidArgument' }, 'object.unsupported'],
    ['400 RequestTimeout', { status: 400, code: 'RequestTimeout' }, 'object.unavailable'],
    ['507', { status: 507 }, 'object.full'],
    ['403 QuotaExceeded', { status: 403, code: 'QuotaExceeded' }, 'object.full'],
    ['301 PermanentRedirect', { status: 301, code: 'PermanentRedirect' }, 'object.no-store'],
    ['400 AuthorizationHeaderMalformed', { status: 400, code: 'AuthorizationHeaderMalformed' }, 'object.no-store'],
    ['400 ExpiredToken', { status: 400, code: 'ExpiredToken' }, 'object.credentials'],
    ['403 SignatureDoesNotMatch', { status: 403, code: 'SignatureDoesNotMatch' }, 'object.credentials'],
    ['403 RequestTimeTooSkewed', { status: 403, code: 'RequestTimeTooSkewed' }, 'object.unavailable'],
    ['a cut connection', 'cut', 'object.unavailable'],
    ['a lost answer', 'lose', 'object.unavailable'],
  ])('%s has a code, the place, and what was seen', async (_, misdeed, code) => {
    misbehave(misdeed);
    const error = await failure(create());
    expect(error).toMatchObject({ code, place: { object: 's3://bucket/path/a', peer: server.endpoint } });
    expect(error.hint).not.toBe('');
    expect(describeError(error)).toContain(`object s3://bucket/path/a; server ${server.endpoint}`);
    expect(JSON.stringify(error) + error.message + error.hint).not.toContain(S3_KEY.secretAccessKey);
    expect(server.requests).toHaveLength(1);
  });

  it('the server may say when to come back', async () => {
    for (const [header, least, most] of [
      ['7', 7000, 7000],
      [new Date(Date.now() + 60_000).toUTCString(), 50_000, 60_000],
      [new Date(0).toUTCString(), 0, 0],
    ] as const) {
      misbehave({ status: 503, headers: { 'retry-after': header } });
      const { retryAfterMs } = (await failure(create())) as unknown as { retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThanOrEqual(least);
      expect(retryAfterMs).toBeLessThanOrEqual(most);
    }
    misbehave({ status: 503, headers: { 'retry-after': 'soon' } });
    expect(await failure(create())).toMatchObject({ retryAfterMs: undefined });
  });

  it('a server that does not answer is given up', async () => {
    const impatient = await openStore(server, '/path', { silentMs: 100 });
    await create(impatient);
    misbehave('stall');
    for (const call of [() => create(impatient), () => read(impatient), () => impatient.stat('a', never)]) {
      expect(await failure(call())).toMatchObject({
        code: 'object.unavailable',
        message: expect.stringContaining('does not answer'),
      });
    }
  });

  it('a server that stops in the middle of an object is given up', async () => {
    const impatient = await openStore(server, '/path', { silentMs: 100 });
    server.put('path/a', Buffer.alloc(3_000_000, 'x'));
    misbehave({ stallAfter: 1_000_000 }, 'get');
    const reading = readWhole(impatient, 'a', { mostBytes: 1e7 }, never);
    expect(await failure(reading)).toMatchObject({ code: 'object.unavailable', observed: 'silent for 100 ms' });
  });

  it('a server that does not answer can be left at once', async () => {
    misbehave('stall');
    const controller = new AbortController();
    const created = failure(store.create('a', body, sha256Of(body), {}, controller.signal));
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await created).toMatchObject({ code: 'cancelled' });
  });

  it('an object that breaks off is an error, and is read on under retries', async () => {
    server.put('path/a', Buffer.alloc(3_000_000, 'x'));
    misbehave({ short: 100_000 }, 'get');
    expect(await failure(readWhole(store, 'a', { mostBytes: 1e7 }, never))).toMatchObject({
      code: 'object.unavailable',
    });
    let turn = 0;
    server.misdeed = () => (turn++ < 5 ? { short: 200_000 } : undefined);
    const retrying = new RetryingStore(store, new Retries(undefined, new PretendedTime()));
    expect(await readWhole(retrying, 'a', { mostBytes: 1e7 }, never)).toHaveLength(3_000_000);
    const ranges = server.requests
      .slice(-5)
      .map(({ headers }) => Number(/^bytes=(\d+)-2999999$/.exec(headers.range!)![1]));
    expect(ranges).toEqual([...ranges].sort((a, b) => a - b));
  });

  it('a server that ignores ranges is found out', async () => {
    server.put('path/a', Buffer.from('0123456789'));
    server.habits = { ignoresRanges: true };
    const part = readWhole(store, 'a', { range: { from: 2, to: 4 }, mostBytes: 9 }, never);
    expect(await failure(part)).toMatchObject({ code: 'object.unsupported' });
  });

  it('a list of a server that has no order, or does not go on, is an error and not a short list', async () => {
    for (let i = 0; i < 9; i++) server.put(`path/k${i}`, body);
    server.habits = { listsBackwards: true };
    expect(await failure(listKeys())).toMatchObject({ code: 'object.unsupported', observed: 'k5 after k6' });
    server.habits = { listsWithoutToken: true };
    expect(await failure(listKeys())).toMatchObject({ code: 'object.unsupported' });
  });

  it('objects of others in the bucket are passed over', async () => {
    for (const key of [
      'path/',
      'path/a b',
      'path/ü',
      'path/%zz',
      'path//x',
      'path/\u0001',
      'path/.tmp-1',
      'pathology',
      'other/x',
    ]) {
      server.put(key, body);
    }
    await create();
    expect(await listKeys()).toEqual(['a']);
  });

  it('a liar that claims conditions and ignores them is found out by the probe', async () => {
    server.habits = { ignoresConditions: true };
    expect(await probeStore(store, never)).toMatchObject({ conditionalCreate: false, conditionalReplace: false });
    expect(server.objects.size).toBe(0);
    await create();
    expect(await failure(create())).toMatchObject({ code: 'object.exists' });
    expect(server.requests.at(-1)!.operation).toBe('head');
    const late = store.replace('a', body, '"none"', never);
    expect(await failure(late)).toMatchObject({ code: 'object.changed' });
  });

  it('a server that refuses to remove many objects at once is asked for each', async () => {
    server.habits = { refusesDeleteMany: true };
    for (const key of ['path/a', 'path/b']) server.put(key, body);
    const removed = ['a', 'b', 'none'].map((key) => ({ key, removed: true }));
    expect(await store.remove(['a', 'b', 'none'], never)).toEqual(removed);
    await store.remove(['a'], never);
    expect(server.requests.map(({ operation }) => operation)).toEqual(['delete-many', ...Array(4).fill('delete')]);
  });

  it('each object that cannot be removed says why', async () => {
    server.habits = { refusesDeleteMany: true };
    server.misdeed = ({ key }) => (key === 'path/b' ? { status: 403, code: 'AccessDenied' } : undefined);
    const [a, b] = await store.remove(['a', 'b'], never);
    expect(a).toEqual({ key: 'a', removed: true });
    expect(b).toMatchObject({
      removed: false,
      error: { code: 'object.denied', place: { object: 's3://bucket/path/b' } },
    });
  });

  it('the time is that of the server', async () => {
    server.misdeed = () => undefined;
    expect(Math.abs((await store.now(never)).getTime() - Date.now())).toBeLessThan(60_000);
    server.habits = { hasNoDate: true };
    expect(await failure(store.now(never))).toMatchObject({ code: 'object.unsupported' });
  });

  it('a server that is not there is unavailable', async () => {
    await server.stop();
    expect(await failure(create())).toMatchObject({ code: 'object.unavailable', observed: 'ECONNREFUSED' });
    server = await S3Server.start();
  });

  it('a server without TLS is not spoken to with TLS', async () => {
    const address = parseS3Address(`s3://bucket?endpoint=${server.endpoint.replace('http:', 'https:')}`);
    const secure = await S3Store.open(address, { credentials });
    expect(await failure(create(secure))).toMatchObject({ code: 'object.tls' });
  });

  it('a bucket that does not exist, and a key that the server does not know, are told apart', async () => {
    const nowhere = await S3Store.open(parseS3Address(`s3://nowhere?endpoint=${server.endpoint}`), { credentials });
    expect(await failure(create(nowhere))).toMatchObject({ code: 'object.no-store' });
    class Unknown extends KnownCredentials {
      override async provide() {
        return { accessKeyId: 'OTHER', secretAccessKey: 'hush' };
      }
    }
    const unknown = await openStore(server, '', { credentials: new Unknown() });
    expect(await failure(create(unknown))).toMatchObject({
      code: 'object.credentials',
      observed: '403 InvalidAccessKeyId',
    });
  });

  it('a credentials command that fails says so, as the request that needed it', async () => {
    const failing = await openStore(server, '', { credentials: new CredentialsCommand(['/does/not/exist']) });
    expect(await failure(create(failing))).toMatchObject({ code: 'object.credentials', observed: 'ENOENT' });
    expect(server.requests).toEqual([]);
  });
});
