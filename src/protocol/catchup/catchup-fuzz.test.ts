import { expect, it } from 'vitest';
import {
  CatchupRecorder,
  CLIENT_HANDSHAKE_BYTES,
  feedPieces,
  readCatchupCapture,
  readSession,
  SERVER_HANDSHAKE_BYTES,
  type Session,
  withAnswer,
} from '../../../test/support/corpus/catchup-captures.ts';
import { cutBytes } from '../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { Dice } from '../../base/dice.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { Delivery } from '../delivery.ts';
import { ClientHandshake } from './client-handshake.ts';
import { RequestDecompressor } from './modifiers.ts';
import { RequestDecoder } from './request-decoder.ts';
import { ResponseDecoder } from './response-decoder.ts';
import { ServerHandshake } from './server-handshake.ts';

/*
 * Tests that everything a peer sends is either decoded or refused with an error that names the place, in bounded memory and time. Use
 * GRAPHKEEP_CAMPAIGN=30 for a campaign, GRAPHKEEP_SEED to repeat a run.
 */

const rounds = campaign.rounds(4000);

/** Numbers that are likely to cause trouble as lengths, counts and flags. */
const sharp = [
  0, 1, 2, 3, 0x7f, 0xff, 0x1fff, 0x2000, 0x2001, 0x2004, 0x2005, 0xffff, 0x200001, 0x7fffffff, 0x80000000, 0xffffffff,
];

const mutations: ((bytes: Buffer, dice: Dice) => Buffer)[] = [
  function flipBit(bytes, dice) {
    const at = dice.below(bytes.length);
    bytes[at]! ^= 1 << dice.below(8);
    return bytes;
  },
  function setNumber(bytes, dice) {
    if (bytes.length >= 4) bytes.writeUInt32BE(dice.pick(sharp), dice.below(bytes.length - 3));
    return bytes;
  },
  function setLength(bytes, dice) {
    const frame = dice.pick(framesOf(bytes));
    if (frame !== undefined) bytes.writeUInt32BE(dice.pick(sharp), frame.start);
    return bytes;
  },
  function setType(bytes, dice) {
    const types = framesOf(bytes).filter(({ end, start }) => end - start === 5);
    if (types.length > 0) bytes[dice.pick(types).start + 4] = dice.below(10);
    return bytes;
  },
  function cut(bytes, dice) {
    return bytes.subarray(0, dice.below(bytes.length + 1));
  },
  function insert(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    const inserted = Buffer.from(Array.from({ length: dice.between(1, 40) }, () => dice.below(256)));
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  },
  function remove(bytes, dice) {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + dice.between(1, 40))]);
  },
  function shuffleFrames(bytes, dice) {
    const all = framesOf(bytes).map(({ start, end }) => bytes.subarray(start, end));
    return Buffer.concat(
      all.flatMap((frame) => (dice.chance(0.05) ? dice.pick([[], [frame, frame], [dice.pick(all)]]) : [frame])),
    );
  },
];

function framesOf(bytes: Buffer): { start: number; end: number }[] {
  const frames: { start: number; end: number }[] = [];
  for (let start = 0; start + 4 <= bytes.length; ) {
    const end = start + 4 + bytes.readUInt32BE(start);
    if (end > bytes.length) break;
    frames.push({ start, end });
    start = end;
  }
  return frames;
}

function mutate(original: Buffer, dice: Dice): Buffer {
  let bytes = Buffer.from(original);
  for (let i = dice.between(1, 3); i > 0 && bytes.length > 0; i--)
    bytes = Buffer.from(dice.pick(mutations)(bytes, dice));
  return bytes;
}

function cutRandomly(bytes: Buffer, dice: Dice): Buffer[] {
  return cutBytes(
    bytes,
    Array.from({ length: dice.between(1, 4) }, () => dice.pick([1, 4, 5, 100, 8196, 70_000])).concat(997),
  );
}

/** The first answers of sessions, and small ones: most rounds should not hit the middle of a large file. */
function smallSessions(): Session[] {
  const [full, ...others] = (['full-349', 'incr-349', 'incr-350b3', 'pruned-349'] as const).map(readSession);
  const { requests, answers } = full!;
  const few = [0, 2, 6, 17, 18];
  const prepared = answers[1]!.subarray(397_258 - SERVER_HANDSHAKE_BYTES);
  const small = { requests: few.map((i) => requests[i]!), answers: few.map((i) => answers[i]!) };
  return [small, { requests: [requests[1]!], answers: [prepared] }, ...others];
}

/** True if the bytes were refused; rethrows any error other than a GraphkeepError. */
async function isRefused(act: () => Promise<void> | void): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (!(error instanceof GraphkeepError) || !['peer.protocol', 'peer.hostile'].includes(error.code)) throw error;
    if (error.place?.peer !== 'peer' || !(error.place.offset! >= 0)) throw error;
    return true;
  }
}

it('damaged responses are decoded or refused with a place', async () => {
  const sessions = smallSessions();
  const dice = new Dice(SEED);
  let refused = 0;
  let incomplete = 0;
  for (let round = 0; round < rounds; round++) {
    const { requests, answers } = dice.pick(sessions);
    const mutated = dice.below(answers.length);
    const recorder = new CatchupRecorder(dice.chance(0.05));
    const delivery = new Delivery(dice.pick([256, 8192, 65_536]));
    const decoder = new ResponseDecoder(recorder, 'peer', { delivery });
    const wasRefused = await isRefused(async () => {
      for (const [i, request] of requests.entries()) {
        decoder.begin(withAnswer(request));
        const bytes = i === mutated ? mutate(answers[i]!, dice) : answers[i]!;
        const outcome = await feedPieces(decoder, cutRandomly(bytes, dice));
        if (outcome === undefined) {
          incomplete++;
          return;
        }
      }
    });
    if (wasRefused) refused++;
    expect(recorder.longest, `seed ${SEED}, round ${round}`).toBeLessThanOrEqual(70_000);
  }
  // The mutations do have an effect, and some are harmless.
  expect(refused + incomplete, `seed ${SEED}`).toBeGreaterThan(rounds / 3);
  expect(refused + incomplete, `seed ${SEED}`).toBeLessThan(rounds);
});

it('damaged requests, uncompressed and compressed, are decoded or refused with a place', async () => {
  const dice = new Dice(SEED + 1);
  const originals = [
    { implementation: undefined, bytes: readCatchupCapture('full-349.c2s.bin').subarray(CLIENT_HANDSHAKE_BYTES) },
    { implementation: 'Gzip', bytes: readCatchupCapture('gzip-349.c2s.bin').subarray(137) },
    { implementation: 'Snappy', bytes: readCatchupCapture('snappy-349.c2s.bin').subarray(141) },
    { implementation: 'LZ4', bytes: readCatchupCapture('lz4-349.c2s.bin').subarray(135) },
  ];
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const { implementation, bytes } = dice.pick(originals);
    const modifiers = implementation === undefined ? [] : [{ category: 'compression', implementation }];
    const decompressor = new RequestDecompressor(modifiers, 'peer');
    const decoder = new RequestDecoder('peer');
    const wasRefused = await isRefused(async () => {
      for (const piece of cutRandomly(mutate(bytes, dice), dice)) {
        decoder.feed(await decompressor.decode(piece));
        for (let request = decoder.next(); request !== undefined; ) request = decoder.next();
      }
    });
    decompressor.close();
    if (wasRefused) refused++;
  }
  expect(refused, `seed ${SEED}`).toBeGreaterThan(rounds / 10);
});

it('damaged handshakes of both sides are completed or refused with a place', async () => {
  const dice = new Dice(SEED + 2);
  const clients = ['full-349', 'gzip-349'].map((name) => readCatchupCapture(`${name}.c2s.bin`).subarray(0, 137));
  const servers = [
    { bytes: readCatchupCapture('full-349.s2c.bin').subarray(0, SERVER_HANDSHAKE_BYTES), offers: [] },
    { bytes: readCatchupCapture('gzip-349.s2c.head.bin').subarray(0, 99), offers: ['Gzip'] },
  ];
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const { bytes, offers } = dice.pick(servers);
    const wasRefused = await isRefused(() => {
      if (dice.chance(0.5)) feedAll(new ServerHandshake('peer', ['Gzip']), mutate(dice.pick(clients), dice), dice);
      else feedAll(new ClientHandshake('peer', offers), mutate(bytes, dice), dice);
    });
    if (wasRefused) refused++;
  }
  expect(refused, `seed ${SEED}`).toBeGreaterThan(rounds / 4);
});

function feedAll(side: ClientHandshake | ServerHandshake, bytes: Buffer, dice: Dice): void {
  for (const piece of cutBytes(bytes, [dice.between(1, 60)])) {
    const step = side.feed(piece);
    if ('refused' in step && step.refused !== undefined) throw step.refused;
    if (step.done !== undefined) return;
  }
}
