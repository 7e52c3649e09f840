import type { Writable } from 'node:stream';
import { SilenceWatch } from '../../net/silence-watch.ts';

/** Size of a single write to the socket; progress is measured in these steps. */
const WRITE_BYTES = 64 * 1024;

/**
 * Writes frames to a connection no faster than the peer reads them, and detects a peer that reads nothing for `stallTimeoutMs`. Time
 * without anything to send does not count.
 */
export class FrameSender {
  /** Bytes that the peer, or the network on the way, has accepted. */
  sentBytes = 0;
  private readonly stream: Writable;
  private readonly watch: SilenceWatch;

  constructor(stream: Writable, stallTimeoutMs: number, onStall: () => void) {
    this.stream = stream;
    this.watch = new SilenceWatch(stallTimeoutMs, onStall);
    this.watch.pause();
    this.watch.start();
  }

  /** Resolves when the whole frame is accepted; rejects when the connection has ended. */
  async send(frame: Uint8Array): Promise<void> {
    this.watch.resume();
    for (let at = 0; at < frame.length; at += WRITE_BYTES) {
      const piece = frame.subarray(at, at + WRITE_BYTES);
      await new Promise<void>((resolve, reject) => {
        // A write that a destroyed stream drops is reported without an error.
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
