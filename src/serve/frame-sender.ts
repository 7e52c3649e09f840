import type { Socket } from 'node:net';
import { SilenceWatch } from '../source/silence-watch.ts';

/** One write to the socket: progress is noticed at this grain. */
const WRITE_BYTES = 64 * 1024;

/**
 * Writes frames to a connection no faster than the peer takes them, and notices a peer that takes nothing for `stallTimeoutMs`. Time in
 * which there is nothing to send does not count.
 */
export class FrameSender {
  /** Bytes that the peer, or the network on the way, has taken. */
  sentBytes = 0;
  private readonly socket: Socket;
  private readonly watch: SilenceWatch;

  constructor(socket: Socket, stallTimeoutMs: number, onStall: () => void) {
    this.socket = socket;
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
        // A write that a destroyed socket gives up is reported without an error.
        this.socket.write(piece, (error) => {
          if (error || this.socket.destroyed) reject(error ?? new Error('the connection was closed'));
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
