import { GraphkeepError } from '../../base/errors.ts';
import { type CatchupRequest, type CatchupRequestKind, decodeRequest, requestKindOf } from './catchup-request.ts';
import { FrameReader } from './frame-reader.ts';
import { MAX_REQUEST_FRAME, MAX_UNKNOWN_TYPES } from './limits.ts';

/**
 * Decodes what a client sends after the handshake, however it is cut. Like the Java server (spec catchup-protocol 14), it reads the first
 * byte of a frame as the type and drops the rest of that frame. An unknown type is dropped without an answer, and the next frame is a type
 * frame again.
 */
export class RequestDecoder {
  private readonly frames: FrameReader;
  private readonly peer: string;
  private readonly payload = Buffer.alloc(MAX_REQUEST_FRAME);
  private filled = 0;
  private isInside = false;
  private kind: CatchupRequestKind | undefined;
  private unknownTypes = 0;

  /** `offset`: bytes of the connection before this stream, for the places in errors. */
  constructor(peer: string, offset = 0) {
    this.peer = peer;
    this.frames = new FrameReader(peer, offset);
  }

  /** Adds the next bytes of the connection. Allowed once {@link next} has returned undefined. */
  feed(bytes: Buffer): void {
    this.frames.feed(bytes);
  }

  /** The next complete request; undefined if more bytes are needed. After `peer.protocol` or `peer.hostile`, close the connection. */
  next(): CatchupRequest | undefined {
    while (this.readFrame()) {
      const offset = this.frames.offset - this.filled;
      if (this.kind === undefined) {
        this.readType(offset);
        continue;
      }
      const kind = this.kind;
      this.kind = undefined;
      // A copy: the buffer is reused for the next frame.
      return decodeRequest(kind, Buffer.from(this.payload.subarray(0, this.filled)), { peer: this.peer, offset });
    }
    return undefined;
  }

  /** True if the client can close here without breaking off a request. */
  get atMessageBoundary(): boolean {
    return this.frames.atBoundary && !this.isInside && this.kind === undefined;
  }

  /** True when `payload` holds a whole frame. */
  private readFrame(): boolean {
    const { frames } = this;
    if (!this.isInside) {
      if (!frames.begin()) return false;
      if (frames.length > MAX_REQUEST_FRAME) {
        throw this.refuse('peer.hostile', 'a request is far too long', `${frames.length} bytes`, frames.offset - 4);
      }
      this.isInside = true;
      this.filled = 0;
    }
    const count = frames.available;
    frames.buffer.copy(this.payload, this.filled, frames.position, frames.position + count);
    frames.skip(count);
    this.filled += count;
    this.isInside = frames.left > 0;
    return !this.isInside;
  }

  private readType(offset: number): void {
    if (this.filled === 0) throw this.refuse('peer.protocol', 'a type frame is empty', '0 bytes', offset - 4);
    const type = this.payload[0]!;
    this.kind = requestKindOf(type);
    if (this.kind !== undefined) return;
    this.unknownTypes++;
    if (this.unknownTypes > MAX_UNKNOWN_TYPES) {
      throw this.refuse('peer.hostile', 'the client sends unknown requests without end', `type ${type}`, offset);
    }
  }

  private refuse(
    code: 'peer.protocol' | 'peer.hostile',
    message: string,
    observed: string,
    offset: number,
  ): GraphkeepError {
    return new GraphkeepError(code, message, { place: { peer: this.peer, offset }, observed });
  }
}
