import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import type { ListenerLimits } from '../../src/serve/conversation/listener-options.ts';
import { memoryInUse, peakMemory } from '../support/faults/memory-in-use.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';
import { RawClient, readFailure } from '../support/servers/raw-client.ts';
import { PatternDatabase } from '../support/stores/pattern-database.ts';

/*
 * Promise: however a client behaves, it can delay neither the database's check points nor other clients for ever, nor use up the memory;
 * and what is cut off never looks like a whole answer.
 */

let database: PatternDatabase;
let listener: BackupListener;
let events: ListenerEvent[];
let waiters: (() => void)[];

beforeEach(() => {
  database = new PatternDatabase();
  events = [];
  waiters = [];
});

afterEach(() => listener.stop());

async function start(limits: Partial<ListenerLimits> = {}): Promise<void> {
  listener = await BackupListener.start(database, {
    listen: { host: '127.0.0.1', port: 0 },
    limits,
    onEvent: (event) => {
      events.push(event);
      for (const resolve of waiters.splice(0)) resolve();
    },
  });
}

/** The first event of a kind, once it has come. */
async function happened(kind: ListenerEvent['kind']): Promise<ListenerEvent> {
  for (;;) {
    const event = events.find((candidate) => candidate.kind === kind);
    if (event !== undefined) return event;
    await new Promise<void>((resolve) => waiters.push(resolve));
  }
}

/** Reads a large copy once, and then some more times: neither memory nor descriptors may grow. */
async function expectNothingGrows(drain: () => Promise<void>): Promise<void> {
  const countDescriptors = () => readdirSync('/proc/self/fd').length;
  const peakBefore = peakMemory();
  await drain();
  const before = memoryInUse();
  const descriptors = countDescriptors();
  for (let round = 0; round < campaign.rounds(3, 1); round++) await drain();
  // Buffers of two frames and one piece; what the last connection held may be freed a little later.
  await expect.poll(() => memoryInUse() - before).toBeLessThan(16 * MB);
  expect(peakMemory() - peakBefore).toBeLessThan(campaign.size(200, 150) * MB);
  while (listener.clients > 0) await new Promise(setImmediate);
  await expect.poll(countDescriptors).toBeLessThanOrEqual(descriptors);
}

const full = encodeRequest({ kind: 'full', forensics: false });
const incremental = encodeRequest({ kind: 'incremental', lastTransactionId: 1 });
const MB = 1024 * 1024;

/** More than the sockets' own buffers hold. */
function makeLarge(sizeBytes = 512 * MB): void {
  database.files = [
    { name: 'large', alignment: 1, sizeBytes },
    { name: 'neostore', alignment: 9, sizeBytes: 8192 },
  ];
}

describe('a client that takes nothing of its copy', () => {
  it('a client that reads nothing of its copy is cut off after the stall time, and check points run again; others are not held up', async () => {
    // Enough time for the other client on any machine.
    await start({ stallTimeoutMs: campaign.size(3000, 1000) });
    makeLarge();
    const stalled = await RawClient.connect(listener.address);
    stalled.stopReading();
    stalled.send(full);
    await happened('started');
    const other = await RawClient.connect(listener.address);
    other.send(incremental);
    expect((await other.messages(1)).length).toBe(1);
    expect(database.holding).toBe(1);
    const event = await happened('aborted');
    expect(event).toMatchObject({ request: 'full', error: { code: 'serve.client-slow' } });
    await database.unused();
    expect(database.holding).toBe(0);
    stalled.socket.resume();
    await stalled.ended;
    // The client cannot mistake what it has for the whole.
    expect(await stalled.messages(1)).toEqual([]);
    other.close();
  });

  it('a client that reads now and then is not stalled', async () => {
    await start({ stallTimeoutMs: campaign.size(2000, 1500) });
    const pauses = campaign.size(6, 4);
    makeLarge(pauses * 4 * MB);
    const slow = await RawClient.connect(listener.address);
    slow.send(full);
    // Longer than the limit in total, but never in one go.
    for (let pause = 0; pause < pauses; pause++) {
      slow.stopReading();
      await new Promise((resolve) => setTimeout(resolve, 450));
      slow.socket.resume();
      await slow.bytes((pause + 1) * 4 * MB);
    }
    expect((await slow.messages(1))[0]).toMatchObject({ failure: false });
    slow.close();
    expect((await happened('finished')).kind).toBe('finished');
  });

  it('a client that reads too slowly is cut off after the longest time that check points may be held', async () => {
    await start({ stallTimeoutMs: 60_000, maxHoldMs: 300 });
    makeLarge();
    const slow = await RawClient.connect(listener.address);
    slow.stopReading();
    slow.send(full);
    const event = await happened('aborted');
    expect(event).toMatchObject({ request: 'full', error: { code: 'serve.client-slow' } });
    expect(String((event as { error: Error }).error.message)).toContain('from its check points');
    await database.unused();
    slow.close();
  });
});

describe('a catchup client', () => {
  const storeFile = () =>
    ({
      kind: 'storeFile',
      storeId: database.storeId,
      requiredTransactionId: 5,
      name: 'neostore.nodestore.db',
    }) as const;
  const prepare = () => ({ kind: 'prepareStoreCopy', storeId: database.storeId }) as const;

  it('a catchup client that reads nothing of a file is cut off after the stall time', async () => {
    await start({ stallTimeoutMs: 400 });
    database.files = [{ name: 'neostore.nodestore.db', alignment: 15, sizeBytes: 512 * MB }];
    const stalled = await CatchupCaller.connect(listener.address);
    stalled.stopReading();
    stalled.send(storeFile());
    expect(await happened('aborted')).toMatchObject({ request: 'part', error: { code: 'serve.client-slow' } });
    await database.unused();
    stalled.readOn();
    await stalled.ended;
    expect((await stalled.answered()).outcome).toBeUndefined();
  });

  it('a catchup client that takes too long with the files that must not change is cut off, and check points run again', async () => {
    await start({ stallTimeoutMs: 60_000, maxHoldMs: 300 });
    database.files = [{ name: 'neostore.labelscanstore.db', alignment: 1, sizeBytes: 512 * MB }];
    const slow = await CatchupCaller.connect(listener.address);
    slow.stopReading();
    slow.send(prepare());
    expect(await happened('aborted')).toMatchObject({ request: 'full', error: { code: 'serve.client-slow' } });
    await database.unused();
    slow.close();
  });

  it('a catchup client that leaves at any moment leaves nothing behind', async () => {
    await start({ idleTimeoutMs: 10_000 });
    database.files = [
      { name: 'neostore.labelscanstore.db', alignment: 1, sizeBytes: 5 * MB },
      { name: 'neostore.nodestore.db', alignment: 15, sizeBytes: 5 * MB },
    ];
    for (const request of [prepare(), storeFile()]) {
      for (const pause of campaign.sample([...Array(12).keys()], 3)) {
        const client = await CatchupCaller.connect(listener.address);
        client.send(request);
        await new Promise((resolve) => setTimeout(resolve, pause));
        client.close();
      }
    }
    await database.unused();
    const check = await CatchupCaller.connect(listener.address);
    expect((await check.ask(prepare())).outcome).toMatchObject({ status: 'SUCCESS' });
    check.close();
  });

  it('a catchup client costs no memory that grows with its copy', async () => {
    await start();
    database.files = [
      { name: 'neostore.labelscanstore.db', alignment: 1, sizeBytes: campaign.size(200, 100) * MB },
      { name: 'neostore.nodestore.db', alignment: 15, sizeBytes: campaign.size(200, 100) * MB },
    ];
    const drain = async () => {
      const client = await CatchupCaller.connect(listener.address);
      client.drop = true;
      for (const request of [prepare(), storeFile()]) {
        expect((await client.ask(request)).outcome).toMatchObject({ status: 'SUCCESS' });
      }
      client.close();
    };
    await expectNothingGrows(drain);
  });
});

describe('a client that leaves', () => {
  it('a client that leaves while the database makes its check point gives up its request', async () => {
    await start();
    let begun: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    database.checkPoint = (signal) => {
      begun();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const client = await RawClient.connect(listener.address);
    client.send(full);
    await waiting;
    client.close();
    expect(await happened('aborted')).toMatchObject({ bytes: 0, error: { code: 'serve.client-lost' } });
    expect(database.open).toBe(0);
  });

  it('a client that leaves at any point of its copy leaves nothing behind', async () => {
    await start();
    makeLarge(20 * MB);
    const places = [0, 1, 6, 40, 4096, 65_536, MB, 4 * MB, 4 * MB + 7, 9 * MB, 16 * MB, 20 * MB];
    const offsets = campaign.sample(places, 4);
    for (const offset of offsets) {
      const client = await RawClient.connect(listener.address);
      client.send(full);
      await client.bytes(offset);
      client.close();
    }
    await database.unused();
    const check = await RawClient.connect(listener.address);
    check.send(full);
    expect((await check.messages(1))[0]).toMatchObject({ failure: false });
    check.close();
    const ends = events.filter(({ kind }) => kind === 'aborted' || kind === 'finished');
    expect(ends.length).toBe(offsets.length + 1);
    const aborted = events.filter((event) => event.kind === 'aborted');
    expect(aborted.every(({ error }) => (error as { code: string }).code === 'serve.client-lost')).toBe(true);
  });
});

describe('a client that says nothing', () => {
  it.each([
    ['at all', Buffer.alloc(0)],
    ['beyond half a request', full.subarray(0, 20)],
    ['beyond half a frame length', full.subarray(0, 2)],
  ])('a client that sends %s is disconnected after the request time', async (_name, bytes) => {
    await start({ requestTimeoutMs: 200 });
    const client = await RawClient.connect(listener.address);
    client.send(bytes);
    expect(await client.ended).toBe('end');
    expect(events.map(({ kind }) => kind)).toEqual(['silent']);
  });

  it('a client that drips bytes gets no more time', async () => {
    await start({ requestTimeoutMs: 300 });
    const client = await RawClient.connect(listener.address);
    let sent = 0;
    const dripOne = () => client.socket.writable && client.send(full.subarray(sent, ++sent));
    const drip = setInterval(dripOne, 50);
    await client.ended;
    clearInterval(drip);
    expect(events.map(({ kind }) => kind)).toEqual(['silent']);
  });

  it('a client that is silent after an answer is disconnected after the idle time; half a second request counts as one', async () => {
    await start({ idleTimeoutMs: campaign.size(2000, 1000), requestTimeoutMs: 500 });
    const idle = await RawClient.connect(listener.address);
    idle.send(incremental);
    await idle.messages(1);
    expect(await idle.ended).toBe('end');
    const half = await RawClient.connect(listener.address);
    half.send(incremental);
    await half.messages(1);
    half.send(incremental.subarray(0, 10));
    expect(await half.ended).toBe('end');
    const texts = events.flatMap((event) => (event.kind === 'silent' ? [String((event.error as Error).message)] : []));
    expect(texts).toEqual([
      expect.stringContaining('no further request'),
      expect.stringContaining('a request was not complete in time'),
    ]);
  });

  it('a client that never closes after a refusal is disconnected', async () => {
    await start();
    const client = await RawClient.connect(listener.address, true);
    client.send(Buffer.alloc(64, 0xff));
    expect((await client.messages(1)).length).toBe(1);
    while (listener.clients > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    client.close();
  });
});

describe('a client that sends without end', () => {
  it('a client that sends without end while its answer is under way is cut off', async () => {
    await start();
    makeLarge();
    const client = await RawClient.connect(listener.address);
    client.stopReading();
    client.send(full);
    await happened('started');
    client.send(Buffer.alloc(MB));
    expect(await happened('aborted')).toMatchObject({ error: { code: 'peer.hostile' } });
    await database.unused();
    client.close();
  });
});

describe('one client too many', () => {
  it('one client too many is told so, and the others continue; when one leaves there is room again', async () => {
    await start({ maxConnections: 3 });
    const clients = [];
    for (let i = 0; i < 3; i++) {
      const client = await RawClient.connect(listener.address);
      client.send(incremental);
      await client.messages(1);
      clients.push(client);
    }
    const extra = await RawClient.connect(listener.address);
    extra.send(full);
    const [message] = await extra.messages(1);
    expect(readFailure(message!)!.message).toContain('too many clients');
    expect(await happened('refused')).toMatchObject({ error: { code: 'serve.too-many-clients' } });
    await extra.ended;
    clients[0]!.send(incremental);
    expect((await clients[0]!.messages(2)).length).toBe(2);
    clients[0]!.close();
    while (listener.clients > 2) await new Promise(setImmediate);
    const next = await RawClient.connect(listener.address);
    next.send(incremental);
    expect((await next.messages(1))[0]).toMatchObject({ failure: false });
    for (const client of [...clients, next]) client.close();
  });
});

describe('one address', () => {
  it('one address cannot take the places of all others', async () => {
    await start({ maxConnections: 4, maxPerPeer: 2 });
    const connectFrom = (localAddress: string) => RawClient.connect({ ...listener.address, localAddress });
    const clients: RawClient[] = [];
    for (const from of ['127.0.0.1', '127.0.0.1', '127.0.0.2']) {
      const client = await connectFrom(from);
      client.send(incremental);
      expect((await client.messages(1))[0]).toMatchObject({ failure: false });
      clients.push(client);
    }
    const extra = await connectFrom('127.0.0.1');
    extra.send(full);
    expect(readFailure((await extra.messages(1))[0]!)!.message).toContain('too many clients are connected from this');
    await extra.ended;
    const other = await connectFrom('127.0.0.2');
    other.send(incremental);
    expect((await other.messages(1))[0]).toMatchObject({ failure: false });
    for (const client of [...clients, other]) client.close();
  });
});

describe('a listener that is stopped', () => {
  it('a stopped listener lets copies under way finish, and accepts nobody new', async () => {
    await start({ stopGraceMs: 60_000 });
    makeLarge(32 * MB);
    const client = await RawClient.connect(listener.address);
    const idle = await RawClient.connect(listener.address);
    client.stopReading();
    client.send(full);
    await happened('started');
    const stopped = listener.stop();
    await idle.ended;
    await expect(RawClient.connect(listener.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    client.socket.resume();
    expect((await client.messages(1))[0]).toMatchObject({ failure: false });
    await stopped;
    expect(events.at(-1)!.kind).toBe('finished');
    expect(database.open).toBe(0);
  });

  it('a stopped listener cuts off what takes longer than the grace time', async () => {
    await start({ stopGraceMs: 200 });
    makeLarge();
    const client = await RawClient.connect(listener.address);
    client.stopReading();
    client.send(full);
    await happened('started');
    await listener.stop();
    expect(await happened('aborted')).toMatchObject({ error: { code: 'cancelled' } });
    expect(database.open + database.holding).toBe(0);
    client.close();
  });
});

describe('memory and descriptors', () => {
  it('memory and descriptors do not grow with the size of the copy, nor with the number of requests', async () => {
    await start();
    makeLarge(campaign.size(400, 200) * MB);
    const drain = async () => {
      const client = await RawClient.connect(listener.address);
      client.socket.removeAllListeners('data').resume();
      client.send(full);
      const before = events.filter(({ kind }) => kind === 'finished').length;
      while (events.filter(({ kind }) => kind === 'finished').length === before) {
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
      client.close();
    };
    await expectNothingGrows(drain);
  });
});
