import { GraphkeepError } from '../../base/errors.ts';
import { StreamWindow } from '../stream-window.ts';
import { type ChunkHeader, decodeChunkHeader } from './chunk-header.ts';
import { recogniseForeignProtocol } from './foreign-protocol.ts';
import { MAX_EMPTY_CHUNKS, MAX_FRAME_PAYLOAD, MIN_FRAME_PAYLOAD } from './limits.ts';

/** What {@link ChunkDecoder.next} found. */
export const ChunkEvent = {
  /** All bytes fed so far are used up. */
  starved: 0,
  /** Body bytes of a normal chunk: `buffer[position, bodyEnd)`. */
  body: 1,
  /** Body bytes of a message that has become a failure: those of a chunk with the failure bit, or of a later chunk. */
  failure: 2,
  /** The last chunk of a message is complete. */
  messageEnd: 3,
} as const;

export type ChunkEvent = (typeof ChunkEvent)[keyof typeof ChunkEvent];

/** 4 bytes of frame length, 2 bytes of chunk header. */
const HEADER_BYTES = 6;

/**
 * Parses frames and chunks (spec common-protocol 4, 5), wherever the transport cut the bytes. Copies nothing and allocates nothing per
 * chunk.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | u32 | bytes that follow, 2 .. 4 MiB |
 * | 4 | u8 | flags and internal version |
 * | 5 | u8 | application version |
 * | 6 | | body |
 *
 * Use: {@link feed} a window, then call {@link next} until it is starved; after `body` and `failure` move {@link position} past the bytes
 * used.
 */
export class ChunkDecoder extends StreamWindow {
  private bodyLeft = 0;
  private inChunk = false;
  private failed = false;
  private emptyChunks = 0;
  private headerFilled = 0;
  private readonly headerBytes = Buffer.alloc(HEADER_BYTES);
  private readonly header: ChunkHeader = { more: false, failure: false };
  private readonly peer: string;

  constructor(peer: string) {
    super();
    this.peer = peer;
  }

  /** End of the body bytes at {@link position} that have arrived. */
  get bodyEnd(): number {
    return Math.min(this.end, this.position + this.bodyLeft);
  }

  /** Marks `count` bytes at {@link position} as used. */
  skip(count: number): void {
    this.position += count;
    this.bodyLeft -= count;
  }

  next(): ChunkEvent {
    for (;;) {
      if (this.bodyLeft > 0) {
        if (this.position === this.end) return ChunkEvent.starved;
        return this.failed ? ChunkEvent.failure : ChunkEvent.body;
      }
      if (this.inChunk) {
        this.inChunk = false;
        this.headerFilled = 0;
        if (!this.header.more) return ChunkEvent.messageEnd;
      }
      if (!this.readHeader()) return ChunkEvent.starved;
    }
  }

  /** True if a chunk of the current message has the failure bit. Still valid at `messageEnd`. */
  get isFailure(): boolean {
    return this.failed;
  }

  /** True when the bytes so far end between two messages. */
  get atMessageBoundary(): boolean {
    return !this.inChunk && this.headerFilled === 0 && !this.header.more;
  }

  private readHeader(): boolean {
    while (this.headerFilled < HEADER_BYTES) {
      if (this.position === this.end) return false;
      this.headerBytes[this.headerFilled++] = this.buffer[this.position++]!;
      if (this.headerFilled === 4) this.checkLength();
    }
    const length = this.headerBytes.readUInt32BE(0);
    if (!this.header.more) this.failed = false;
    try {
      decodeChunkHeader(this.header, this.headerBytes[4]!, this.headerBytes[5]!);
    } catch (error) {
      throw this.placed(error, 2);
    }
    this.inChunk = true;
    this.failed ||= this.header.failure;
    this.bodyLeft = length - MIN_FRAME_PAYLOAD;
    this.countEmptyChunks();
    return true;
  }

  private checkLength(): void {
    const length = this.headerBytes.readUInt32BE(0);
    if (length >= MIN_FRAME_PAYLOAD && length <= MAX_FRAME_PAYLOAD) return;
    const error = new GraphkeepError('peer.protocol', 'a frame has an impossible length', {
      observed: `${length} bytes instead of ${MIN_FRAME_PAYLOAD} to ${MAX_FRAME_PAYLOAD}`,
    });
    throw this.placed(error, 4);
  }

  private countEmptyChunks(): void {
    this.emptyChunks = this.bodyLeft === 0 ? this.emptyChunks + 1 : 0;
    if (this.emptyChunks > MAX_EMPTY_CHUNKS) {
      const error = new GraphkeepError('peer.hostile', 'the peer sends empty chunks without end', {
        observed: `${this.emptyChunks} in a row`,
      });
      throw this.placed(error, HEADER_BYTES);
    }
  }

  /**
   * Adds the place, `back` bytes before the current one. At the start of a connection also names the protocol that the peer speaks instead.
   */
  private placed(error: unknown, back: number): unknown {
    if (!(error instanceof GraphkeepError)) return error;
    const start = this.offset - this.headerFilled;
    const place = { peer: this.peer, offset: this.offset - back };
    const seen = this.buffer.subarray(this.position, Math.min(this.end, this.position + HEADER_BYTES));
    const first = Buffer.concat([this.headerBytes.subarray(0, this.headerFilled), seen]).subarray(0, 8);
    const foreign = start === 0 ? recogniseForeignProtocol(first) : undefined;
    if (foreign === undefined) {
      const observed = start === 0 ? `${error.observed}; first bytes ${first.toString('hex')}` : `${error.observed}`;
      return new GraphkeepError(error.code, error.message, { place, observed, hint: error.hint });
    }
    return new GraphkeepError('peer.protocol', `the peer speaks ${foreign.name}, not the common backup protocol`, {
      place,
      observed: `first bytes ${first.toString('hex')}`,
      hint: foreign.hint,
    });
  }
}
