import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutBytes,
  type DecodedAnswer,
  decodeAnswer,
  expectedAnswers,
  failureAnswers,
  fullAnswers,
  incrementalAnswers,
  readCapture,
  recutFrames,
  sha256,
} from '../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { readJavaException } from './java-exception-reader.ts';
import { decodeRequest, encodeRequest, RequestDecoder } from './request.ts';
import { ResponseWriter } from './response-writer.ts';

function expectAnswer(name: string, { handler, outcome }: DecodedAnswer): void {
  const expected = expectedAnswers[name]!;
  expect(outcome).toEqual({ kind: 'complete' });
  expect(handler.files.every((file) => file.isComplete)).toBe(true);
  const files = handler.files.map((file) => ({
    name: file.name,
    hasData: file.empty ? 0 : 1,
    ...(file.empty ? {} : { alignment: file.alignment }),
    size: file.bytes.length,
    sha256: sha256(file.bytes),
  }));
  expect(files).toEqual(expected.files ?? []);
  const id = handler.id!;
  const parts = [id.creationTime, id.randomId, id.storeVersion, id.upgradeTime, id.upgradeTransactionId];
  expect(parts.map(String)).toEqual(expected.storeId!.map(String));
  expect(handler.transactions.length).toBe(expected.txStreamBytes);
  if (expected.txStreamSha256 !== undefined) expect(sha256(handler.transactions)).toBe(expected.txStreamSha256);
  for (const { txId, offset, length } of expected.transactions ?? []) {
    const commit = handler.transactions.subarray(offset + length - 18, offset + length);
    expect([commit[0], commit[1], Number(commit.readBigInt64BE(2))]).toEqual([0xf6, 5, txId]);
  }
}

function kindOf(name: string): 'full' | 'incremental' {
  return name.startsWith('full') ? 'full' : 'incremental';
}

describe('captured answers', () => {
  for (const name of [...fullAnswers, ...incrementalAnswers]) {
    it(`${name} decodes to what is expected`, async () => {
      expectAnswer(name, await decodeAnswer(kindOf(name), [readCapture(name)]));
    });

    it(`${name} decodes with a slow receiver and small buffers`, async () => {
      expectAnswer(
        name,
        await decodeAnswer(kindOf(name), cutBytes(readCapture(name), [5000, 70_001]), { slow: true, capacity: 1024 }),
      );
    });
  }

  it('captured answers decode the same however frames and pieces are cut', async () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 200, max: 600 }),
      fc.integer({ min: 1, max: 100_000 }),
    );
    const sizes = fc.array(size, { minLength: 1, maxLength: 12 });
    const names = fc.constantFrom(...fullAnswers, ...incrementalAnswers);
    const capacity = fc.constantFrom(256, 257, 510, 1000, 4096, 1 << 20);
    await fc.assert(
      fc.asyncProperty(names, sizes, sizes, capacity, fc.boolean(), async (name, frames, pieces, bytes, slow) => {
        const cut = cutBytes(recutFrames(readCapture(name), frames), pieces);
        expectAnswer(name, await decodeAnswer(kindOf(name), cut, { slow: slow && bytes >= 4096, capacity: bytes }));
      }),
      { numRuns: campaign.rounds(150) },
    );
  });

  it('captured answers decode byte by byte', async () => {
    for (const name of ['inc-one-tx.s2c.bin', 'full-quiet.s2c.bin']) {
      expectAnswer(name, await decodeAnswer(kindOf(name), cutBytes(recutFrames(readCapture(name), [1]), [1])));
    }
  });

  it('the decoder does not look at bytes after the answer', async () => {
    const name = 'inc-one-tx.s2c.bin';
    expectAnswer(
      name,
      await decodeAnswer('incremental', [Buffer.concat([readCapture(name), Buffer.from('whatever')])]),
    );
  });
});

describe('captured failures', () => {
  for (const name of failureAnswers) {
    it(`${name} decodes to the exception`, async () => {
      const capture = readCapture(name);
      const [expected] = expectedAnswers[name]!.exceptions!;
      const unmarked = name.startsWith('err-app') || name.startsWith('catchup');
      for (const request of ['full', 'incremental'] as const) {
        const { outcome, handler } = await decodeAnswer(request, cutBytes(capture, [7, 300]));
        if (outcome?.kind !== 'failure') throw new Error('no failure');
        expect(handler.calls).toBe(0);
        expect(outcome.marked).toBe(!unmarked);
        const exception = readJavaException(outcome.payload);
        // catchup-hello holds two answers in swapped order; expected.json names only the first one found.
        expect(exception?.className).toBe(expected!.class);
        if (name !== 'catchup-hello.s2c.bin') expect(exception?.message).toBe(expected!.message);
      }
    });
  }

  it('a failure after other chunks replaces them', async () => {
    const failure = readCapture('err-pruned.s2c.bin');
    const answer = recutFrames(readCapture('full-live.s2c.bin'), [40_000]);
    for (const chunks of [1, 2, 4]) {
      const { outcome } = await decodeAnswer('full', [answer.subarray(0, chunks * 40_006), failure]);
      expect(outcome).toEqual({ kind: 'failure', payload: failure.subarray(6), marked: true });
    }
  });

  it('a failure without bytes is still a failure', async () => {
    const start = recutFrames(readCapture('inc-one-tx.s2c.bin'), [100]).subarray(0, 106);
    const { outcome } = await decodeAnswer('incremental', [start, Buffer.from('000000020a02', 'hex')]);
    expect(outcome).toEqual({ kind: 'failure', payload: Buffer.alloc(0), marked: true });
  });
});

describe('captured requests', () => {
  const requests = [
    ['full-quiet', { kind: 'full', forensics: false }],
    ['full-forensics', { kind: 'full', forensics: true }],
    ['inc-one-tx', { kind: 'incremental', lastTransactionId: 5 }],
    ['inc-one-tx-35', { kind: 'incremental', lastTransactionId: 12 }],
    ['err-pruned', { kind: 'incremental', lastTransactionId: 2 }],
  ] as const;

  for (const [name, request] of requests) {
    it(`${name} is written and read byte for byte`, () => {
      const bytes = readCapture(`${name}.c2s.bin`);
      expect(encodeRequest(request).toString('hex')).toBe(bytes.toString('hex'));
      expect(decodeRequest(bytes.subarray(6), 'client')).toEqual(request);
      const decoder = new RequestDecoder('client');
      for (const piece of cutBytes(bytes, [3, 1, 20])) {
        expect(decoder.next()).toBeUndefined();
        decoder.feed(piece);
      }
      expect(decoder.next()).toEqual(request);
      expect(decoder.next()).toBeUndefined();
      expect(decoder.atMessageBoundary).toBe(true);
    });
  }

  it('decoding refuses what the real server refuses', () => {
    const read = (name: string) => {
      const decoder = new RequestDecoder('client');
      decoder.feed(readCapture(`${name}.c2s.bin`));
      return decoder.next();
    };
    expect(() => read('err-unknown-type')).toThrow('unknown request');
    expect(() => read('err-bad-boolean')).toThrow('forensics');
    expect(() => read('err-app-version')).toThrow('another version');
    expect(() => read('catchup-hello')).toThrow('catchup protocol');
  });
});

describe('answers written again', () => {
  for (const name of [...fullAnswers, ...incrementalAnswers]) {
    it(`${name} is written again byte for byte`, async () => {
      const { handler } = await decodeAnswer(kindOf(name), [readCapture(name)]);
      const frames: Buffer[] = [];
      const writer = new ResponseWriter((frame) => {
        frames.push(Buffer.from(frame));
        return undefined;
      });
      for (const file of handler.files) {
        await writer.beginFile(file);
        for (const piece of cutBytes(file.bytes, [1000, 1, 255, 7777])) await writer.fileBytes(piece);
        await writer.endFile();
      }
      if (kindOf(name) === 'full') await writer.endFiles();
      await writer.storeId(handler.id!);
      await writer.transactions(handler.transactions);
      await writer.finish();
      const original = readCapture(name.replace('.split-64k.derived', ''));
      expect(Buffer.compare(Buffer.concat(frames), original)).toBe(0);
    });
  }
});
