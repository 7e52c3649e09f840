import { ByteReader, OutOfBytes } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { ChunkDecoder, ChunkEvent } from './chunk-decoder.ts';
import { encodeChunkHeader } from './chunk-header.ts';
import { MAX_REQUEST_BODY } from './limits.ts';

/** The two requests of the protocol (spec common-protocol 1, 6). */
export type CommonRequest =
  | { kind: 'full' /** Whether to send the transaction log files too. */; forensics: boolean }
  | { kind: 'incremental' /** The last transaction that the client has. */; lastTransactionId: number };

const FULL = 0;
const INCREMENTAL = 1;

/** For every field of the request context that a backup server ignores. */
const UNUSED = -1;

/**
 * Encodes a complete request: one frame with one chunk (spec common-protocol 6).
 *
 * | offset in the body | type | field | full | incremental |
 * |---|---|---|---|---|
 * | 0 | u8 | request id | 0 | 1 |
 * | 1 | i64 | epoch | -1 | -1 |
 * | 9 | i32 | machine id | -1 | -1 |
 * | 13 | i32 | event id | -1 | -1 |
 * | 17 | i64 | last transaction the client has | -1 | L |
 * | 25 | i64 | its checksum | -1 | -1 |
 * | 33 | u8 | forensics | 0 or 1 | absent |
 */
export function encodeRequest(request: CommonRequest): Buffer {
  const writer = new ByteWriter(64).i32(0).u8(0).u8(0);
  writer
    .u8(request.kind === 'full' ? FULL : INCREMENTAL)
    .i64(UNUSED)
    .i32(UNUSED)
    .i32(UNUSED);
  writer.i64(request.kind === 'full' ? UNUSED : request.lastTransactionId).i64(UNUSED);
  if (request.kind === 'full') writer.u8(request.forensics ? 1 : 0);
  const bytes = writer.toBuffer();
  bytes.writeUInt32BE(bytes.length - 4, 0);
  encodeChunkHeader({ more: false, failure: false }, bytes, 4);
  return bytes;
}

/** Decodes the body of a request. A missing forensics byte means 0; later bytes are ignored (spec common-protocol 6). */
export function decodeRequest(body: Buffer, peer: string): CommonRequest {
  const reader = new ByteReader(body);
  const refuse = (message: string, observed: string | number | bigint) =>
    new GraphkeepError('peer.protocol', message, { place: { peer }, observed });
  try {
    const id = reader.u8();
    if (id !== FULL && id !== INCREMENTAL) throw refuse('the client asks for an unknown request', `id ${id}`);
    reader.skip(8 + 4 + 4);
    const last = reader.bigI64();
    reader.skip(8);
    if (id === FULL) return { kind: 'full', forensics: reader.remaining > 0 && decodeForensics(reader.u8(), refuse) };
    const lastTransactionId = Number(last);
    if (!Number.isSafeInteger(lastTransactionId)) throw refuse('the client names an impossible transaction', last);
    return { kind: 'incremental', lastTransactionId };
  } catch (error) {
    if (error instanceof OutOfBytes) throw refuse('the request is cut short', `${body.length} bytes`);
    throw error;
  }
}

function decodeForensics(value: number, refuse: (message: string, observed: number) => GraphkeepError): boolean {
  if (value > 1) throw refuse('the forensics byte is neither 0 nor 1', value);
  return value === 1;
}

/**
 * Decodes the requests of a client, wherever the bytes are cut. Chunks may be cut anywhere; the failure bit is ignored (spec
 * common-protocol 6).
 */
export class RequestDecoder {
  private readonly chunks: ChunkDecoder;
  private readonly peer: string;
  private body = Buffer.alloc(0);

  constructor(peer: string) {
    this.peer = peer;
    this.chunks = new ChunkDecoder(peer);
  }

  /** Adds the next bytes of the connection. Allowed once {@link next} has returned undefined. */
  feed(buffer: Buffer): void {
    this.chunks.feed(buffer);
  }

  /** The next complete request; undefined if more bytes are needed. After `peer.protocol`, close the connection. */
  next(): CommonRequest | undefined {
    const { chunks } = this;
    for (;;) {
      const event = chunks.next();
      if (event === ChunkEvent.starved) return undefined;
      if (event === ChunkEvent.messageEnd) {
        const body = this.body;
        this.body = Buffer.alloc(0);
        return decodeRequest(body, this.peer);
      }
      const end = chunks.bodyEnd;
      this.append(chunks.buffer.subarray(chunks.position, end));
      chunks.skip(end - chunks.position);
    }
  }

  /** True if the client can close here without breaking off a request. */
  get atMessageBoundary(): boolean {
    return this.chunks.atMessageBoundary;
  }

  private append(bytes: Buffer): void {
    const size = this.body.length + bytes.length;
    if (size > MAX_REQUEST_BODY) {
      throw new GraphkeepError('peer.hostile', 'a request is far too long', {
        place: { peer: this.peer, offset: this.chunks.offset },
        observed: `more than ${MAX_REQUEST_BODY} bytes`,
      });
    }
    this.body = Buffer.concat([this.body, bytes]);
  }
}
