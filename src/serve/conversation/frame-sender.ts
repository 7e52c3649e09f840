import type { Writable } from 'node:stream';
import { SilenceWatch } from '../../net/silence-watch.ts';

/** One write to the socket: progress is noticed at this grain. */
const WRITE_BYTES = 64 * 1024;

/**
 * Writes frames to a connection no faster than the peer takes them, and notices a peer that takes nothing for `stallTimeoutMs`. Time in
 * which there is nothing to send does not count.
 */
export class FrameSender {
  /** Bytes that the peer, or the network on the way, has taken. */
  sentBytes = 0;
  private readonly stream: Writable;
  private readonly watch: SilenceWatch;

  constructor(stream: Writable, stallTimeoutMs: number, onStall: () => void) {
    this.stream = stream;
    this.watch = new SilenceWatch(stallTimeoutMs, onStall);
    this.watch.pause();
    this.watch.start();
  }

  /** Fulfilled when the whole frame is taken; rejected when the connection is gone. */
  async send(frame: Uint8Array): Promise<void> {
    this.watch.resume();
    for (let at = 0; at < frame.length; at += WRITE_BYTES) {
      const piece = frame.subarray(at, at + WRITE_BYTES);
      await new Promise<void>((resolve, reject) => {
        // A write that a destroyed stream gives up is reported without an error.
        this.stream.write(piece, (error) => {
          if (error || this.stream.destroyed) reject(error ?? new Error('the connection was closed'));
          else resolve();
        });
      });
      this.sentBytes += piece.length;
      this.watch.note();
    }
    this.watch.pause();
  }

  stop(): void {
    this.watch.stop();
  }
}
