import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CatchupRequest, requestKindOf } from '../../../src/protocol/catchup/catchup-request.ts';
import type { CatchupOutcome, RequestWithAnswer } from '../../../src/protocol/catchup/catchup-response.ts';
import { RequestDecoder } from '../../../src/protocol/catchup/request-decoder.ts';
import { type CatchupHandler, ResponseDecoder } from '../../../src/protocol/catchup/response-decoder.ts';
import type { ResponseWriter } from '../../../src/protocol/catchup/response-writer.ts';
import type { CatchupStoreId } from '../../../src/protocol/catchup/store-id-field.ts';
import { Delivery } from '../../../src/protocol/delivery.ts';
import { SlowCalls } from '../faults/slow-calls.ts';

const corpus = fileURLToPath(new URL('../../corpus/wire-catchup/', import.meta.url));

/** A file of test/corpus/wire-catchup, for example `full-349.c2s.bin`. */
export function readCatchupCapture(name: string): Buffer {
  return readFileSync(`${corpus}${name}`);
}

/** Sessions of which both directions were captured completely, uncompressed. */
export const sessionNames = ['full-349', 'full-350b3', 'incr-349', 'incr-350b3', 'pruned-349'] as const;
export type SessionName = (typeof sessionNames)[number];

/** Bytes of the client's and the server's handshakes without modifiers. */
export const CLIENT_HANDSHAKE_BYTES = 79;
export const SERVER_HANDSHAKE_BYTES = 64;

export interface Session {
  requests: CatchupRequest[];
  /** The whole response to each request. */
  answers: Buffer[];
}

export function readSession(name: SessionName): Session {
  const decoder = new RequestDecoder('client', CLIENT_HANDSHAKE_BYTES);
  decoder.feed(readCatchupCapture(`${name}.c2s.bin`).subarray(CLIENT_HANDSHAKE_BYTES));
  const requests: CatchupRequest[] = [];
  for (let request = decoder.next(); request !== undefined; request = decoder.next()) requests.push(request);
  return { requests, answers: splitAnswers(readCatchupCapture(`${name}.s2c.bin`).subarray(SERVER_HANDSHAKE_BYTES)) };
}

const FILE = 3;
const TRANSACTION = 1;

/** Splits a server's bytes into responses, using only spec catchup-protocol 8. */
export function splitAnswers(bytes: Buffer): Buffer[] {
  const answers: Buffer[] = [];
  let start = 0;
  let at = 0;
  const nextFrame = () => {
    const frame = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
    at += 4 + frame.length;
    return frame;
  };
  while (at < bytes.length) {
    const type = nextFrame()[0];
    let body = nextFrame();
    if (type === FILE) {
      do body = nextFrame();
      while (body.readInt32BE(0) === -1);
    } else if (type !== TRANSACTION) {
      answers.push(bytes.subarray(start, at));
      start = at;
    }
  }
  return answers;
}

/** The type byte of a request, for tests that make their own. */
export function typeOf(kind: CatchupRequest['kind']): number {
  return [...Array(256).keys()].find((type) => requestKindOf(type) === kind)!;
}

export function withAnswer(request: CatchupRequest): RequestWithAnswer {
  if (request.kind === 'coreSnapshot') throw new Error('no client of ours asks for a core snapshot');
  return request.kind;
}

export interface CapturedFile {
  name: string;
  alignment: number;
  offset: number;
  bytes: Buffer;
}

export interface CapturedTransaction {
  id: number;
  storeId: CatchupStoreId;
  offset: number;
  bytes: Buffer;
}

/** Records everything delivered and checks the order of the calls. With `slow`, every call takes a turn of the event loop. */
export class CatchupRecorder extends SlowCalls implements CatchupHandler {
  readonly files: CapturedFile[] = [];
  readonly transactions: CapturedTransaction[] = [];
  /** The longest piece delivered at once. */
  longest = 0;
  private open: 'file' | 'transaction' | undefined;
  private parts: Buffer[] = [];
  private size = 0;

  beginFile(name: string, alignment: number, offset: number): Promise<void> | undefined {
    this.expect(undefined, 'file');
    return this.call(() => this.files.push({ name, alignment, offset, bytes: Buffer.alloc(0) }));
  }

  fileBytes(chunk: Buffer): Promise<void> | undefined {
    this.expect('file', 'file');
    return this.keep(chunk);
  }

  endFile(): Promise<void> | undefined {
    this.expect('file', undefined);
    return this.call(() => {
      this.files.at(-1)!.bytes = this.collected();
    });
  }

  beginTransaction(storeId: CatchupStoreId, size: number, offset: number): Promise<void> | undefined {
    this.expect(undefined, 'transaction');
    this.size = size;
    return this.call(() => this.transactions.push({ id: 0, storeId, offset, bytes: Buffer.alloc(0) }));
  }

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    this.expect('transaction', 'transaction');
    return this.keep(chunk);
  }

  endTransaction(id: number): Promise<void> | undefined {
    this.expect('transaction', undefined);
    return this.call(() => {
      const bytes = this.collected();
      if (bytes.length !== this.size) throw new Error(`${bytes.length} bytes instead of ${this.size}`);
      Object.assign(this.transactions.at(-1)!, { id, bytes });
    });
  }

  private collected(): Buffer {
    const bytes = Buffer.concat(this.parts);
    this.parts = [];
    return bytes;
  }

  private keep(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length === 0) throw new Error('an empty piece');
    this.longest = Math.max(this.longest, chunk.length);
    return this.call(() => this.parts.push(Buffer.from(chunk)));
  }

  private expect(before: typeof this.open, after: typeof this.open): void {
    if (this.open !== before) throw new Error(`called within ${this.open} instead of ${before}`);
    this.open = after;
  }
}

/** Feeds pieces, each in memory that is overwritten once it is used up, until there is an outcome or no piece is left. */
export async function feedPieces(
  decoder: ResponseDecoder,
  pieces: Iterable<Buffer>,
): Promise<CatchupOutcome | undefined> {
  try {
    for (const piece of pieces) {
      const window = Buffer.from(piece);
      decoder.feed(window);
      for (let wait = decoder.advance(); wait !== undefined; wait = decoder.advance()) await wait;
      window.fill(0xee);
    }
    return decoder.outcome;
  } finally {
    await decoder.settle();
  }
}

/** Decodes the response to one request, arriving in the given pieces. */
export async function decodeAnswer(
  request: RequestWithAnswer,
  pieces: Iterable<Buffer>,
  options: { slow?: boolean; capacity?: number } = {},
): Promise<{ recorder: CatchupRecorder; outcome: CatchupOutcome | undefined; decoder: ResponseDecoder }> {
  const recorder = new CatchupRecorder(options.slow);
  const decoder = new ResponseDecoder(recorder, 'test:6362', { delivery: new Delivery(options.capacity) });
  decoder.begin(request);
  return { recorder, outcome: await feedPieces(decoder, pieces), decoder };
}

/** Writes the message that ends a response. */
export function writeOutcome(writer: ResponseWriter, outcome: CatchupOutcome): Promise<void> {
  switch (outcome.kind) {
    case 'storeId':
      return writer.storeId(outcome.storeId);
    case 'prepared':
      return writer.prepared(outcome);
    case 'copyFinished':
      return writer.copyFinished(outcome.status);
    case 'streamFinished':
      return writer.streamFinished(outcome.status, outcome.transactionId);
  }
}
