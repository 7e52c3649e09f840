import { GraphkeepError } from '../../base/errors.ts';
import { FrameReader } from './frame-reader.ts';
import { MAX_HANDSHAKE_FRAME, MAX_HANDSHAKE_MESSAGES } from './limits.ts';
import type { PayloadPlace } from './payload-reader.ts';

/** Collects the small frames of a handshake, however they are cut, and never uses a byte after the requested frame. */
export class HandshakeFrames {
  private readonly frames: FrameReader;
  private readonly peer: string;
  private payload = Buffer.alloc(0);
  private isInside = false;
  private filled = 0;
  private messages = 0;

  constructor(peer: string) {
    this.peer = peer;
    this.frames = new FrameReader(peer);
  }

  /** Bytes of the connection used so far. */
  get offset(): number {
    return this.frames.offset;
  }

  /** Bytes that were fed but not used. */
  get rest(): Buffer {
    return this.frames.rest;
  }

  feed(bytes: Buffer): void {
    this.frames.feed(bytes);
  }

  /** The next complete payload and its place; undefined if more bytes are needed. */
  next(): { payload: Buffer; place: PayloadPlace } | undefined {
    if (!this.isInside) {
      if (!this.frames.begin()) return undefined;
      this.checkFrame();
      this.isInside = true;
      this.payload = Buffer.alloc(this.frames.length);
      this.filled = 0;
    }
    const count = this.frames.available;
    this.frames.buffer.copy(this.payload, this.filled, this.frames.position, this.frames.position + count);
    this.frames.skip(count);
    this.filled += count;
    if (this.frames.left > 0) return undefined;
    this.isInside = false;
    return { payload: this.payload, place: { peer: this.peer, offset: this.offset - this.payload.length } };
  }

  private checkFrame(): void {
    const place = { peer: this.peer, offset: this.offset - 4 };
    if (this.frames.length > MAX_HANDSHAKE_FRAME) {
      const observed = `${this.frames.length} bytes, at most ${MAX_HANDSHAKE_FRAME}`;
      throw new GraphkeepError('peer.protocol', 'a frame of the handshake is far too long', { place, observed });
    }
    this.messages++;
    if (this.messages > MAX_HANDSHAKE_MESSAGES) {
      const observed = `more than ${MAX_HANDSHAKE_MESSAGES} messages`;
      throw new GraphkeepError('peer.hostile', 'the handshake has no end', { place, observed });
    }
  }
}
