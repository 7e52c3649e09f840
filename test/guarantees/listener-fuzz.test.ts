import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Dice } from '../../src/base/dice.ts';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { encodeRequest as encodeCatchupRequest } from '../../src/protocol/catchup/catchup-request.ts';
import { ClientHandshake } from '../../src/protocol/catchup/client-handshake.ts';
import { RequestCompressor } from '../../src/protocol/catchup/modifiers.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { CLIENT_HANDSHAKE_BYTES, readCatchupCapture } from '../support/corpus/catchup-captures.ts';
import { readCapture } from '../support/corpus/common-captures.ts';
import { memoryInUse } from '../support/faults/memory-in-use.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';
import { RawClient } from '../support/servers/raw-client.ts';
import { PatternDatabase } from '../support/stores/pattern-database.ts';

/*
 * Promise: no bytes and no behaviour of clients crash a listener, make it hang, or permanently cost memory or descriptors. Use
 * GRAPHKEEP_CAMPAIGN=30 for a campaign, GRAPHKEEP_SEED to repeat a run.
 */

const rounds = campaign.isShort ? 250 : campaign.rounds(4000);

const COMPRESSIONS = ['Gzip', 'Snappy', 'LZ4'];
const { storeId } = new PatternDatabase();

const CLIENTS = 16;
const MOST_HALF_OPEN = 40;
const MB = 1024 * 1024;

const originals = [
  encodeRequest({ kind: 'full', forensics: false }),
  encodeRequest({ kind: 'full', forensics: true }),
  encodeRequest({ kind: 'incremental', lastTransactionId: 5 }),
  readCapture('catchup-hello.c2s.bin'),
  readCapture('err-app-version.c2s.bin'),
];

/** Numbers that are likely to cause trouble as lengths. */
const sharp = [0, 1, 2, 3, 0x7f, 0xff, 0xffff, 0x3fffff, 0x400000, 0x400001, 0x7fffffff, 0x80000000, 0xffffffff];

const mutations: ((bytes: Buffer, dice: Dice) => Buffer)[] = [
  function flipBit(bytes, dice) {
    const at = dice.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << dice.below(8));
    return bytes;
  },
  function setLength(bytes, dice) {
    if (bytes.length < 4) return bytes;
    bytes.writeUInt32BE(dice.pick(sharp), dice.chance(0.6) ? 0 : dice.below(bytes.length - 3));
    return bytes;
  },
  function cut(bytes, dice) {
    return bytes.subarray(0, dice.below(bytes.length + 1));
  },
  function insert(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), randomBytes(dice, dice.below(80)), bytes.subarray(at)]);
  },
  function repeat(bytes, dice) {
    return Buffer.concat(Array.from({ length: dice.between(2, 40) }, () => bytes));
  },
  function setMore(bytes, dice) {
    if (bytes.length < 6) return bytes;
    bytes[4] = dice.pick([9, 10, 11]);
    return Buffer.concat([bytes, dice.pick(originals)]);
  },
  function emptyChunks(bytes, dice) {
    const empty = Buffer.from('000000020902', 'hex');
    return Buffer.concat([...Array.from({ length: dice.pick([3, 900, 1100]) }, () => empty), bytes]);
  },
];

function randomBytes(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.below(256)));
}

function makeInput(dice: Dice, sources: readonly Buffer[]): Buffer {
  if (dice.chance(0.1)) return randomBytes(dice, dice.below(dice.pick([8, 100, 20_000])));
  let bytes: Buffer = Buffer.from(dice.pick(sources));
  for (let left = dice.below(4); left > 0; left--) {
    if (bytes.length > 0) bytes = dice.pick(mutations)(bytes, dice);
  }
  return bytes;
}

/** Requests of the catchup protocol as real clients send them after their handshakes. */
const catchupOriginals = [
  ...['full-349', 'incr-349', 'full-350b3'].map((name) =>
    readCatchupCapture(`${name}.c2s.bin`).subarray(CLIENT_HANDSHAKE_BYTES),
  ),
  encodeCatchupRequest({ kind: 'storeId' }),
  encodeCatchupRequest({ kind: 'prepareStoreCopy', storeId }),
  encodeCatchupRequest({ kind: 'storeFile', storeId, requiredTransactionId: 5, name: 'neostore' }),
  encodeCatchupRequest({ kind: 'indexSnapshot', storeId, requiredTransactionId: 5, indexId: 1 }),
  encodeCatchupRequest({ kind: 'transactions', storeId, after: 3 }),
  encodeCatchupRequest({ kind: 'coreSnapshot' }),
];

/** Performs the handshake; anything may follow. Undefined if the listener ends it. */
async function greet(socket: Socket, dice: Dice): Promise<RequestCompressor | undefined> {
  const compressions = dice.chance(0.4) ? [dice.pick(COMPRESSIONS)] : [];
  const handshake = new ClientHandshake('listener', compressions);
  socket.write(handshake.begin());
  for (;;) {
    const [bytes] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [])])) as [Buffer?];
    if (bytes === undefined) return undefined;
    const { send, done } = handshake.feed(bytes);
    if (send !== undefined) socket.write(send);
    if (done !== undefined) return new RequestCompressor(done.modifiers);
  }
}

let listener: BackupListener;
afterEach(() => listener.stop());

it(`the listener survives ${rounds} rounds, seed ${SEED}`, async () => {
  const database = new PatternDatabase();
  database.files = [
    { name: 'empty', alignment: 1, sizeBytes: 0 },
    { name: 'neostore.nodestore.db', alignment: 15, sizeBytes: 200_000 },
    { name: 'some', alignment: 15, sizeBytes: 300_000 },
    { name: 'neostore', alignment: 9, sizeBytes: 8192 },
  ];
  const seen = new Map<ListenerEvent['kind'], number>();
  const odd: unknown[] = [];
  listener = await BackupListener.start(database, {
    listen: { host: '127.0.0.1', port: 0 },
    compression: COMPRESSIONS,
    limits: { maxConnections: 200, maxPerPeer: 200, requestTimeoutMs: 1000, idleTimeoutMs: 1000, stallTimeoutMs: 2000 },
    onEvent: (event) => {
      seen.set(event.kind, (seen.get(event.kind) ?? 0) + 1);
      // Every problem with a client is an error with a code.
      if ('error' in event && (event.error as { code?: string }).code?.includes('.') !== true) odd.push(event.error);
    },
  });
  const halfOpen: Socket[] = [];
  const clients = new Set<Socket>();
  let next = 0;

  const play = async (dice: Dice): Promise<void> => {
    const socket = connect(listener.address.port, listener.address.host);
    clients.add(socket);
    socket.on('error', () => {}).on('close', () => clients.delete(socket));
    await once(socket, 'connect');
    const compressor = dice.chance(0.5) ? await greet(socket, dice).catch(() => undefined) : undefined;
    // Hundreds of consecutive requests would all be answered with a copy.
    const plain =
      compressor === undefined ? makeInput(dice, originals) : makeInput(dice, catchupOriginals).subarray(0, 1000);
    const input = compressor === undefined || dice.chance(0.2) ? plain : compressor.encode(plain);
    if (dice.chance(0.2)) socket.pause();
    else socket.resume();
    const split = dice.chance(0.3) ? dice.below(input.length + 1) : input.length;
    socket.write(input.subarray(0, split));
    if (dice.chance(0.5)) await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(4)]).catch(() => {});
    if (!socket.destroyed) socket.write(input.subarray(split));
    const ending = dice.below(10);
    if (ending < 1) {
      halfOpen.push(socket);
      if (halfOpen.length > MOST_HALF_OPEN) halfOpen.shift()!.destroy();
    } else if (ending < 4) socket.resetAndDestroy();
    else if (ending < 6) socket.end();
    else socket.destroy();
  };

  const expectAnswer = async (): Promise<void> => {
    const client = await RawClient.connect(listener.address);
    client.send(originals[0]!);
    const [message] = await client.messages(1);
    expect(message).toMatchObject({ failure: false });
    client.close();
    const caller = await CatchupCaller.connect(listener.address);
    expect((await caller.ask({ kind: 'prepareStoreCopy', storeId })).outcome).toMatchObject({ status: 'SUCCESS' });
    expect((await caller.ask({ kind: 'transactions', after: 5, storeId })).outcome).toMatchObject({ transactionId: 5 });
    caller.close();
  };

  const settle = async () => {
    // Clients that do not read never see that the listener has closed.
    for (const socket of clients) socket.destroy();
    halfOpen.length = 0;
    while (listener.clients > 0) await sleep(10);
    await database.unused();
    await expectAnswer();
    while (listener.clients > 0) await sleep(10);
    // What the last connections held may be freed a little later.
    let megabytes = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 10; i++) {
      await sleep(20);
      megabytes = Math.min(megabytes, memoryInUse() / MB);
    }
    return { descriptors: readdirSync('/proc/self/fd').length, megabytes };
  };

  /** Several clients at the same time. Each round has its own dice: the same bytes, whatever the order. */
  const playUpTo = async (end: number): Promise<void> => {
    const one = async (): Promise<void> => {
      while (next < end) {
        const round = next++;
        await play(new Dice(SEED + round));
        if (round % 500 === 0) await expectAnswer();
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, one));
  };

  // However fast the others are, one is silent for too long.
  const silent = await RawClient.connect(listener.address);
  await playUpTo(Math.ceil(rounds / 4));
  await Promise.race([silent.ended, sleep(60_000, undefined, { ref: false })]);
  const before = await settle();
  await playUpTo(rounds);
  const after = await settle();

  console.log(`${rounds} rounds, seed ${SEED}:`, Object.fromEntries(seen), before, after);
  expect(odd).toEqual([]);
  expect(database.open + database.holding).toBe(0);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2);
  expect(after.megabytes - before.megabytes).toBeLessThan(32);
  for (const kind of ['finished', 'refused', 'aborted', 'failed', 'silent'] as const)
    expect(seen.get(kind), kind).toBeGreaterThan(0);
});
