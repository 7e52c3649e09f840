import { allocateFirst, growBuffer } from '../../base/growing-buffer.ts';
import type { FrameSink } from '../frame-sink.ts';

/**
 * Collects outgoing bytes in two alternating buffers: one is sent while the other is filled. Methods that may have to wait return a promise
 * or undefined. Do not call another method before the promise is fulfilled.
 */
export class OutgoingBytes {
  /** The buffer being filled; valid until the next {@link append}, {@link reserve} or {@link flush}. */
  buffer: Buffer;
  filled = 0;
  private spare: Buffer | undefined;
  private sending: Promise<void> | undefined;
  private readonly sink: FrameSink;
  private readonly capacity: number;

  constructor(sink: FrameSink, capacity: number) {
    this.sink = sink;
    this.capacity = capacity;
    this.buffer = allocateFirst(capacity);
  }

  get room(): number {
    return this.capacity - this.filled;
  }

  /** Ensures that `size` bytes fit, sending the collected bytes if they do not. */
  reserve(size: number): Promise<void> | undefined {
    if (size > this.capacity) throw new RangeError('more than the buffer holds');
    return size <= this.room ? undefined : this.send();
  }

  /** Appends bytes that are known to fit. */
  append(bytes: Uint8Array): void {
    if (bytes.length > this.room) throw new RangeError('no room was reserved');
    this.buffer = growBuffer(this.buffer, this.filled, this.filled + bytes.length, this.capacity);
    this.buffer.set(bytes, this.filled);
    this.filled += bytes.length;
  }

  /** Sends the collected bytes; fulfilled once the sink has accepted everything. */
  async flush(): Promise<void> {
    await this.send();
    await this.sending;
  }

  private send(): Promise<void> | undefined {
    if (this.sending !== undefined) return this.sending.then(() => this.send());
    if (this.filled === 0) return undefined;
    const sent = this.sink(this.buffer.subarray(0, this.filled));
    this.filled = 0;
    if (sent === undefined) return undefined;
    const full = this.buffer;
    this.buffer = this.spare ?? allocateFirst(full.length);
    this.spare = full;
    this.sending = sent.then(() => {
      this.sending = undefined;
    });
    // The next write or flush throws the failure.
    this.sending.catch(() => {});
    return undefined;
  }
}
