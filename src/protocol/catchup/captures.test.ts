import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CatchupRecorder,
  CLIENT_HANDSHAKE_BYTES,
  feedPieces,
  readCatchupCapture,
  readSession,
  SERVER_HANDSHAKE_BYTES,
  type SessionName,
  sessionNames,
  splitAnswers,
  withAnswer,
  writeOutcome,
} from '../../../test/support/corpus/catchup-captures.ts';
import { cutBytes } from '../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Delivery } from '../delivery.ts';
import { encodeRequest } from './catchup-request.ts';
import type { CatchupOutcome } from './catchup-response.ts';
import { RequestDecoder } from './request-decoder.ts';
import { ResponseDecoder } from './response-decoder.ts';
import { ResponseWriter } from './response-writer.ts';

/** Lines of the generated listing of all frames, without those of the handshake. */
function readListing(name: SessionName): string[] {
  const text = readCatchupCapture('frames.txt').toString();
  const section = text.slice(text.indexOf(`## ${name}.s2c.bin`)).split('## ')[1]!;
  return section
    .split('\n')
    .slice(1)
    .filter((line) => Number(line.slice(0, 8)) >= SERVER_HANDSHAKE_BYTES && !line.includes('  TYPE '))
    .map((line) => line.trim());
}

interface DecodedSession {
  recorder: CatchupRecorder;
  outcomes: { outcome: CatchupOutcome; end: number }[];
}

async function decodeSession(
  name: SessionName,
  pieceSizes: number[],
  options: { slow?: boolean; capacity?: number } = {},
): Promise<DecodedSession> {
  const recorder = new CatchupRecorder(options.slow);
  const delivery = new Delivery(options.capacity);
  const decoder = new ResponseDecoder(recorder, 'test:6362', { offset: SERVER_HANDSHAKE_BYTES, delivery });
  const outcomes: DecodedSession['outcomes'] = [];
  const { requests, answers } = readSession(name);
  expect(answers.length).toBe(requests.length);
  for (const [i, request] of requests.entries()) {
    decoder.begin(withAnswer(request));
    const outcome = await feedPieces(decoder, cutBytes(answers[i]!, pieceSizes));
    expect(outcome).toBeDefined();
    outcomes.push({ outcome: outcome!, end: decoder.offset });
  }
  return { recorder, outcomes };
}

function pad(offset: number): string {
  return String(offset).padStart(8, '0');
}

function storeName(name: SessionName): string {
  return name.endsWith('349') ? 'SID349' : 'SID350';
}

/** The lines that describe the decoded session, ordered by offset. */
function listSession(name: SessionName, { recorder, outcomes }: DecodedSession): string[] {
  const lines: [number, string][] = [];
  for (const { name: file, alignment, offset, bytes } of recorder.files) {
    const header = 4 + file.length + 4;
    lines.push([offset + 5, `len=${String(header).padStart(6)}  FILE ${file} align ${alignment}`]);
    const chunks = Math.max(1, Math.ceil(bytes.length / 8192));
    const last = bytes.length - (chunks - 1) * 8192;
    const lastOffset = offset + 5 + 4 + header + (chunks - 1) * (8 + 8192);
    const text = `LASTCHUNK enc=${last} chunks=${chunks} total=${bytes.length}`;
    lines.push([lastOffset, `len=${String(4 + last).padStart(6)}  ${text}`]);
  }
  for (const { offset, bytes } of recorder.transactions) {
    const start = bytes.toString('hex', 0, 100);
    lines.push([offset + 5, `len=${String(33 + bytes.length).padStart(6)}  TX ${storeName(name)} ${start}`]);
  }
  for (const { outcome, end } of outcomes) lines.push(listOutcome(name, outcome, end));
  return lines.sort(([a], [b]) => a - b).map(([offset, line]) => `${pad(offset)} ${line}`);
}

function listOutcome(name: SessionName, outcome: CatchupOutcome, end: number): [number, string] {
  switch (outcome.kind) {
    case 'storeId':
      return [end - 37, `len=    33  STOREID ${storeName(name)}`];
    case 'copyFinished':
      expect(outcome.status).toBe('SUCCESS');
      return [end - 8, 'len=     4  COPYFIN 0'];
    case 'streamFinished': {
      const status = { SUCCESS_END_OF_STREAM: 1, E_TRANSACTION_PRUNED: 4 }[outcome.status as string];
      return [end - 16, `len=    12  TXFIN (${status}, ${outcome.transactionId})`];
    }
    case 'prepared': {
      const names = outcome.files.map((file) => `'${file}'`).join(', ');
      expect(outcome.files.length).toBe(16);
      expect(outcome.files.at(-1)).toBe('neostore');
      expect(outcome.indexIds).toEqual([]);
      return [end - 546, `len=   542  PREPRESP 0 ${outcome.transactionId} [${names}]`];
    }
  }
}

/** Compares, allowing for long lines that the listing shortens. */
function expectListing(name: SessionName, session: DecodedSession): void {
  const expected = readListing(name);
  const lines = listSession(name, session).map((line, i) => {
    const short = expected[i]?.endsWith('...') ? expected[i].slice(0, -3) : undefined;
    return short !== undefined && line.startsWith(short) ? `${short}...` : line;
  });
  expect(lines).toEqual(expected);
}

describe('captured responses', () => {
  for (const name of sessionNames) {
    it(`${name} decodes to its listing`, async () => {
      expectListing(name, await decodeSession(name, [1 << 20]));
    });
    it(`${name} decodes with a slow receiver and small buffers`, async () => {
      expectListing(name, await decodeSession(name, [5000, 70_001], { slow: true, capacity: 1024 }));
    });
  }

  it('captured responses hold what their README says', async () => {
    const { recorder, outcomes } = await decodeSession('full-349', [65_536]);
    expect(recorder.files.length).toBe(54);
    expect(recorder.transactions.map(({ id, bytes }) => [id, bytes.length])).toEqual([[12, 4692]]);
    expect(recorder.files.at(-1)).toMatchObject({ name: 'neostore', alignment: 9 });
    expect(recorder.files.at(-1)!.bytes.length).toBe(8192);
    expect(outcomes.at(-1)!.outcome).toEqual({
      kind: 'streamFinished',
      status: 'SUCCESS_END_OF_STREAM',
      transactionId: 12,
    });
    const incremental = await decodeSession('incr-349', [100]);
    expect(incremental.recorder.transactions.map(({ id }) => id)).toEqual([13, 14, 15, 16, 17, 18]);
    const pruned = await decodeSession('pruned-349', [1]);
    expect(pruned.outcomes.at(-1)!.outcome).toMatchObject({ status: 'E_TRANSACTION_PRUNED', transactionId: 38 });
  });

  it('captured responses decode the same however the pieces are cut', async () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 8180, max: 8210 }),
      fc.integer({ min: 1, max: 100_000 }),
    );
    const sizes = fc.array(size, { minLength: 1, maxLength: 12 });
    const capacity = fc.constantFrom(256, 1000, 8192, 1 << 20);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sessionNames),
        sizes,
        capacity,
        fc.boolean(),
        async (name, pieces, bytes, slow) => {
          expectListing(name, await decodeSession(name, pieces, { slow: slow && bytes >= 8192, capacity: bytes }));
        },
      ),
      { numRuns: campaign.rounds(100) },
    );
  });

  it('captured responses decode byte by byte', async () => {
    for (const name of sessionNames) expectListing(name, await decodeSession(name, [1]));
  });

  it('captured responses are written again byte for byte, with buffers and pieces of any size', async () => {
    const capacity = fc.integer({ min: 8200, max: 40_000 });
    const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom(1, 8191, 8192, 8193)), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sessionNames),
        capacity,
        pieces,
        fc.boolean(),
        async (name, bytes, sizes, slow) => {
          const { answers } = readSession(name);
          const written = await rewriteSession(name, bytes, sizes, slow);
          expect(written.equals(Buffer.concat(answers))).toBe(true);
        },
      ),
      { numRuns: campaign.rounds(60) },
    );
  });
});

/** Decodes each answer and writes it again. A slow sink reads the memory only just before its promise is fulfilled. */
async function rewriteSession(name: SessionName, capacity: number, sizes: number[], slow: boolean): Promise<Buffer> {
  const sent: Buffer[] = [];
  const writer = new ResponseWriter((piece) => {
    if (!slow) {
      sent.push(Buffer.from(piece));
      return undefined;
    }
    return new Promise((resolve) =>
      setImmediate(() => {
        sent.push(Buffer.from(piece));
        resolve();
      }),
    );
  }, capacity);
  const { requests, answers } = readSession(name);
  for (const [i, request] of requests.entries()) {
    const recorder = new CatchupRecorder();
    const decoder = new ResponseDecoder(recorder, 'test:6362');
    decoder.begin(withAnswer(request));
    const outcome = await feedPieces(decoder, [answers[i]!]);
    for (const file of recorder.files) {
      await writer.beginFile(file.name, file.alignment);
      for (const piece of cutBytes(file.bytes, sizes)) await writer.fileBytes(piece);
      await writer.endFile();
    }
    for (const { storeId, bytes } of recorder.transactions) {
      await writer.beginTransaction(storeId, bytes.length);
      for (const piece of cutBytes(bytes, sizes)) await writer.transactionBytes(piece);
      writer.endTransaction();
    }
    await writeOutcome(writer, outcome!);
  }
  return Buffer.concat(sent);
}

describe('captured requests', () => {
  for (const name of sessionNames) {
    it(`${name} is read however it is cut and written byte for byte`, () => {
      const bytes = readCatchupCapture(`${name}.c2s.bin`).subarray(CLIENT_HANDSHAKE_BYTES);
      for (const size of [1, 3, 5, 60, 10_000]) {
        const decoder = new RequestDecoder('client', CLIENT_HANDSHAKE_BYTES);
        const written: Buffer[] = [];
        for (const piece of cutBytes(bytes, [size])) {
          decoder.feed(piece);
          for (let request = decoder.next(); request !== undefined; request = decoder.next()) {
            written.push(encodeRequest(request));
          }
        }
        expect(decoder.atMessageBoundary).toBe(true);
        expect(Buffer.concat(written).equals(bytes)).toBe(true);
      }
    });
  }

  it('captured requests ask for what their README says', () => {
    const { requests } = readSession('full-349');
    const storeId = {
      creationTime: 1795337041717,
      randomId: 4650497045901574595n,
      upgradeTime: 1795337041717,
      upgradeTransactionId: 1,
    };
    expect(requests[0]).toEqual({ kind: 'storeId' });
    expect(requests[1]).toEqual({ kind: 'prepareStoreCopy', storeId });
    expect(requests.length).toBe(19);
    expect(requests[17]).toEqual({ kind: 'storeFile', storeId, requiredTransactionId: 12, name: 'neostore' });
    expect(requests[18]).toEqual({ kind: 'transactions', storeId, after: 11 });
    expect(readSession('incr-349').requests[1]).toEqual({ kind: 'transactions', storeId, after: 12 });
  });

  it('a server answers uncompressed although requests are compressed', async () => {
    const head = readCatchupCapture('gzip-349.s2c.head.bin');
    // Three frames of the handshake and the switch-over; the last byte belongs to the next response.
    const [answer] = splitAnswers(head.subarray(99, 141));
    const decoder = new ResponseDecoder(new CatchupRecorder(), 'test:6362');
    decoder.begin('storeId');
    const outcome = await feedPieces(decoder, [answer!]);
    expect(outcome).toMatchObject({ kind: 'storeId', storeId: { upgradeTransactionId: 1 } });
  });
});
