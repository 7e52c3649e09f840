import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cutBytes, decodePieces, readCapture, recutFrames } from '../../../test/support/corpus/common-captures.ts';
import { fakeNeostore } from '../../../test/support/corpus/fake-neostore.ts';
import { mutateBytes } from '../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { ScriptedServer } from '../../../test/support/servers/scripted-server.ts';
import { openSequentially } from '../../../test/support/servers/sequential-receiver.ts';
import { Dice } from '../../base/dice.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { ResponseDecoder } from '../../protocol/backup-protocol/response-decoder.ts';
import { ResponseWriter } from '../../protocol/backup-protocol/response-writer.ts';
import type { CopyReceiver, FileReceiver, StoreFileStream, TransactionReceiver } from '../backup-source.ts';
import { FullCopyHandler, TransactionsHandler } from './answer-handlers.ts';
import { CommonSource } from './common-source.ts';
import { describeServerFailure } from './server-failure.ts';

/** Use GRAPHKEEP_CAMPAIGN=30 for a campaign, GRAPHKEEP_SEED to repeat a run. */
const rounds = campaign.rounds(4000, 1000);

const STORE_ID = {
  creationTime: 1_795_337_991_041,
  randomId: 2232456837098062507n,
  storeVersion: 0x393e41n,
  upgradeTime: 1_795_337_991_041,
  upgradeTransactionId: 1,
};

async function writeSmallAnswer(): Promise<Buffer> {
  const frames: Buffer[] = [];
  const writer = new ResponseWriter((frame) => {
    frames.push(Buffer.from(frame));
    return undefined;
  });
  const neostore = fakeNeostore(STORE_ID);
  for (const [name, bytes] of [
    ['index.db', Buffer.alloc(0)],
    ['schema/index/a/1', Buffer.alloc(300, 1)],
    ['neostore', neostore],
  ] as const) {
    await writer.beginFile({ name, alignment: 1, empty: bytes.length === 0 });
    if (bytes.length > 0) await writer.fileBytes(bytes);
    await writer.endFile();
  }
  await writer.endFiles();
  await writer.storeId(STORE_ID);
  await writer.transactions(readCapture('inc-one-tx.s2c.bin').subarray(0x2f));
  await writer.finish();
  return Buffer.concat(frames);
}

/** Asserts what every receiver may rely on, whatever the server sends. */
class SuspiciousReceiver implements CopyReceiver, TransactionReceiver {
  isOver = false;
  private bytes = 0;
  private isOpen = false;
  private readonly names = new Set<string>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return openSequentially(this, file);
  }

  beginFile({ name, alignment }: StoreFileStream): void {
    this.check(!this.isOpen && alignment > 0 && !this.names.has(name));
    const path = join('/target', name);
    this.check(
      path === `/target/${name}` && path.startsWith('/target/') && !/[\0\\]|^[^/]*\.id$|^store_lock$/.test(name),
    );
    this.names.add(name);
    this.isOpen = true;
  }

  fileBytes(chunk: Buffer): undefined {
    this.check(this.isOpen);
    this.count(chunk);
  }

  endFile(): void {
    this.check(this.isOpen);
    this.isOpen = false;
  }

  transactionBytes(chunk: Buffer): undefined {
    this.check(!this.isOpen);
    this.count(chunk);
  }

  private count(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.check(chunk.length > 0 && this.bytes <= this.limit);
  }

  private check(isRight: boolean): void {
    if (!isRight || this.isOver) throw new Error('a promise to the receiver was broken');
  }
}

function mutate(base: Buffer, dice: Dice): Buffer {
  const recut = dice.below(4) === 0 && base.length > 100;
  return mutateBytes(recut ? recutFrames(base, [1 + dice.below(base.length)]) : base, dice);
}

function isExpected(error: unknown): boolean {
  return error instanceof GraphkeepError && error.code.startsWith('peer.');
}

test(`damaged answers end in success or in a clear error (seed ${SEED}, ${rounds} rounds)`, async () => {
  const dice = new Dice(SEED);
  const small: [Buffer, 'full' | 'incremental'][] = [
    [await writeSmallAnswer(), 'full'],
    [recutFrames(await writeSmallAnswer(), [70]), 'full'],
    [readCapture('inc-one-tx.s2c.bin'), 'incremental'],
    [readCapture('inc-one-tx-35.s2c.bin'), 'incremental'],
    [readCapture('err-pruned.s2c.bin'), 'incremental'],
    [readCapture('err-app-version.s2c.bin'), 'full'],
  ];
  const large = recutFrames(readCapture('full-live.s2c.bin'), [50_000]);
  const garbage = () => Buffer.from(Array.from({ length: dice.below(300) }, () => dice.below(256)));
  const endings = { complete: 0, failure: 0, incomplete: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const choice = dice.below(40);
    const [base, kind] = choice === 0 ? ([large, 'full'] as const) : small[dice.below(small.length)]!;
    const bytes = choice === 1 ? garbage() : mutate(base, dice);
    const receiver = new SuspiciousReceiver(bytes.length);
    const handler = kind === 'full' ? new FullCopyHandler(receiver, 'p:1') : new TransactionsHandler(receiver);
    const decoder = new ResponseDecoder(kind, handler, 'p:1');
    try {
      const outcome = await decodePieces(decoder, cutBytes(bytes, [1 + dice.below(500), 1 + dice.below(70_000)]));
      endings[outcome?.kind ?? 'incomplete']++;
      if (outcome?.kind === 'complete') handler.requireStoreId();
      if (outcome?.kind === 'failure') expect(isExpected(describeServerFailure(outcome.payload, kind, {}))).toBe(true);
    } catch (error) {
      if (!isExpected(error)) throw new Error(`round ${round}: ${bytes.toString('hex', 0, 4000)}`, { cause: error });
      endings.refused++;
    }
    receiver.isOver = true;
  }
  // All endings occurred; otherwise the mutations are too tame.
  expect(Object.values(endings).every((count) => count > rounds / 200)).toBe(true);
});

test(`damaged answers over a connection end in success or in a clear error (seed ${SEED})`, async () => {
  const dice = new Dice(SEED + 1);
  const base = await writeSmallAnswer();
  const server = await ScriptedServer.start({ pieces: [] });
  const source = new CommonSource({ address: { host: '127.0.0.1', port: server.port }, timeoutMs: 5000 });
  try {
    for (let round = 0; round < Math.max(100, rounds / 40); round++) {
      const bytes = mutate(base, dice);
      server.script = { pieces: cutBytes(bytes, [1 + dice.below(bytes.length)]), ending: 'close' };
      const receiver = new SuspiciousReceiver(bytes.length);
      try {
        await source.fullCopy(receiver, new AbortController().signal);
      } catch (error) {
        if (!isExpected(error)) throw new Error(`round ${round}: ${bytes.toString('hex')}`, { cause: error });
      }
      receiver.isOver = true;
    }
  } finally {
    await server.stop();
  }
});
