import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  ResponseDecoder,
  type ResponseHandler,
  type ResponseOutcome,
} from '../../../src/protocol/backup-protocol/response-decoder.ts';
import { Delivery } from '../../../src/protocol/delivery.ts';
import type { StoreId } from '../../../src/store/files/store-id.ts';
import { SlowCalls } from '../faults/slow-calls.ts';

const corpus = fileURLToPath(new URL('../../corpus/wire-common/', import.meta.url));

/** What `expected.json` says about an answer. */
export interface ExpectedAnswer {
  bytes: number;
  frames: { length: number; header: string }[];
  neostoreRecords?: string[];
  files?: { name: string; hasData: number; alignment?: number; size: number; sha256: string }[];
  storeId?: [string, string, string, string, string];
  responseType?: number;
  txStreamBytes?: number;
  txStreamSha256?: string;
  transactions?: { txId: number; offset: number; length: number }[];
  exceptions?: { class: string; message: string }[];
}

/** A capture of test/corpus/wire-common, for example `full-quiet.s2c.bin`. */
export function readCapture(name: string): Buffer {
  return readFileSync(`${corpus}${name}`);
}

export const expectedAnswers = JSON.parse(readCapture('expected.json').toString()) as Record<string, ExpectedAnswer>;

export const fullAnswers = [
  'full-quiet.s2c.bin',
  'full-quiet-35.s2c.bin',
  'full-live.s2c.bin',
  'full-live.split-64k.derived.s2c.bin',
  'full-forensics.s2c.bin',
];
export const incrementalAnswers = ['inc-empty.s2c.bin', 'inc-one-tx.s2c.bin', 'inc-one-tx-35.s2c.bin'];
export const failureAnswers = [
  'err-pruned.s2c.bin',
  'err-unknown-type.s2c.bin',
  'err-bad-boolean.s2c.bin',
  'err-app-version.s2c.bin',
  'catchup-hello.s2c.bin',
];

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface ReceivedFile {
  name: string;
  alignment: number;
  empty: boolean;
  bytes: Buffer;
  isComplete: boolean;
}

/** Records everything delivered and checks the order of the calls. With `slow`, every call takes a turn of the event loop. */
export class RecordingHandler extends SlowCalls implements ResponseHandler {
  readonly files: ReceivedFile[] = [];
  id: StoreId | undefined;
  private parts: Buffer[] = [];
  private transactionParts: Buffer[] = [];

  get transactions(): Buffer {
    return Buffer.concat(this.transactionParts);
  }

  beginFile(name: string, alignment: number, empty: boolean): Promise<void> | undefined {
    if (this.files.at(-1)?.isComplete === false) throw new Error('a file begins before the one before has ended');
    return this.call(() => {
      this.files.push({ name, alignment, empty, bytes: Buffer.alloc(0), isComplete: false });
    });
  }

  fileBytes(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length === 0) throw new Error('an empty piece');
    return this.call(() => this.parts.push(Buffer.from(chunk)));
  }

  endFile(): Promise<void> | undefined {
    return this.call(() => {
      const file = this.files.at(-1)!;
      file.bytes = Buffer.concat(this.parts);
      file.isComplete = true;
      this.parts = [];
    });
  }

  storeId(id: StoreId): Promise<void> | undefined {
    return this.call(() => {
      this.id = id;
    });
  }

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    if (this.id === undefined) throw new Error('transactions before the store id');
    return this.call(() => this.transactionParts.push(Buffer.from(chunk)));
  }
}

/** Feeds pieces to a decoder until it has an outcome; undefined if the bytes do not suffice. Waits for all calls. */
export async function decodePieces(
  decoder: ResponseDecoder,
  pieces: Iterable<Buffer>,
): Promise<ResponseOutcome | undefined> {
  try {
    for (const piece of pieces) {
      decoder.feed(piece);
      for (let wait = decoder.advance(); wait !== undefined; wait = decoder.advance()) await wait;
      if (decoder.outcome !== undefined) break;
    }
    return decoder.outcome;
  } finally {
    await decoder.settle();
  }
}

export interface DecodedAnswer {
  handler: RecordingHandler;
  outcome: ResponseOutcome | undefined;
}

/** Decodes a whole answer, arriving in the given pieces. */
export async function decodeAnswer(
  request: 'full' | 'incremental',
  pieces: Iterable<Buffer>,
  options: { slow?: boolean; capacity?: number } = {},
): Promise<DecodedAnswer> {
  const handler = new RecordingHandler(options.slow);
  const decoder = new ResponseDecoder(request, handler, 'test:6362', new Delivery(options.capacity));
  return { handler, outcome: await decodePieces(decoder, pieces) };
}

/** The same message in frames of other sizes: `sizes` are body bytes, used cyclically. */
export function recutFrames(answer: Buffer, sizes: number[]): Buffer {
  const bodies: Buffer[] = [];
  for (let at = 0; at < answer.length; ) {
    const length = answer.readUInt32BE(at);
    bodies.push(answer.subarray(at + 6, at + 4 + length));
    at += 4 + length;
  }
  const body = Buffer.concat(bodies);
  const frames: Buffer[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    const size = Math.min(sizes[i % sizes.length]!, body.length - at);
    const header = Buffer.from([0, 0, 0, 0, at + size < body.length ? 0x09 : 0x08, 0x02]);
    header.writeUInt32BE(size + 2, 0);
    frames.push(header, body.subarray(at, at + size));
    at += size;
  }
  return Buffer.concat(frames);
}

/** Cuts bytes into pieces; `sizes` are used cyclically. */
export function cutBytes(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
