import { GraphkeepError } from '../../base/errors.ts';
import { StreamWindow } from '../stream-window.ts';
import { MAX_FRAME_PAYLOAD } from './limits.ts';

const LENGTH_BYTES = 4;

/** Puts a frame around a payload: i32 length, payload (spec catchup-protocol 4). */
export function encodeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + payload.length);
  frame.writeInt32BE(payload.length, 0);
  frame.set(payload, LENGTH_BYTES);
  return frame;
}

/**
 * Finds frames in the bytes of a connection, wherever the transport cut them; stores only the length.
 *
 * Use: {@link feed} a window; {@link begin} a frame; use its bytes from {@link position} up to {@link available} and {@link skip} them. The
 * frame is over when {@link left} is 0.
 */
export class FrameReader extends StreamWindow {
  /** Payload size of the current frame in bytes. */
  length = 0;
  /** Unused bytes of the current frame. */
  left = 0;
  private headerFilled = 0;
  private readonly header = Buffer.alloc(LENGTH_BYTES);
  private readonly peer: string;

  /** `offset`: bytes of the connection used before. */
  constructor(peer: string, offset = 0) {
    super(offset);
    this.peer = peer;
  }

  /** Bytes of the current frame that have arrived. */
  get available(): number {
    return Math.min(this.left, this.end - this.position);
  }

  /** Unused bytes of the window. */
  get rest(): Buffer {
    return this.buffer.subarray(this.position, this.end);
  }

  /** True when the bytes so far end between two frames. */
  get atBoundary(): boolean {
    return this.left === 0 && this.headerFilled === 0;
  }

  /** Marks `count` bytes at {@link position} as used. */
  skip(count: number): void {
    this.position += count;
    this.left -= count;
  }

  /** Reads the length of the next frame; false if it has not fully arrived. The previous frame must be used up. */
  begin(): boolean {
    while (this.headerFilled < LENGTH_BYTES) {
      if (this.position === this.end) return false;
      this.header[this.headerFilled++] = this.buffer[this.position++]!;
    }
    const length = this.header.readUInt32BE(0);
    if (length > MAX_FRAME_PAYLOAD) {
      throw new GraphkeepError('peer.protocol', 'a frame has an impossible length', {
        place: { peer: this.peer, offset: this.offset - LENGTH_BYTES },
        observed: `${length} bytes`,
      });
    }
    this.headerFilled = 0;
    this.length = length;
    this.left = length;
    return true;
  }
}
