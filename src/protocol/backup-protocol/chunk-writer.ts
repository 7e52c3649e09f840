import { allocateFirst, growBuffer } from '../../base/growing-buffer.ts';
import type { FrameSink } from '../frame-sink.ts';
import { encodeChunkHeader } from './chunk-header.ts';
import { BLOCK_DATA, BLOCK_SIZE, MAX_FRAME_PAYLOAD, MIN_FRAME_PAYLOAD } from './limits.ts';

const LENGTH_BYTES = 4;
const BODY_START = LENGTH_BYTES + MIN_FRAME_PAYLOAD;

/**
 * Cuts a message into frames as a real server does (spec common-protocol 5). Before an atom of n bytes, the chunk is sent if its bytes,
 * header included, plus n would reach the limit. So no atom is ever split, and no chunk in the middle is empty. The Java client, which
 * joins at most two chunks per atom, can read it. Two buffers alternate: one is sent while the other is filled.
 *
 * Methods that may have to wait return a promise or undefined. Do not call another method before the promise is fulfilled.
 */
export class ChunkWriter {
  private filling: Buffer;
  private spare: Buffer | undefined;
  private sending: Promise<void> | undefined;
  private filled = BODY_START;
  private readonly sink: FrameSink;
  private readonly limit: number;

  /** `limit`: largest payload plus one, as in the rule above; tests use smaller values. */
  constructor(sink: FrameSink, limit = MAX_FRAME_PAYLOAD) {
    if (limit < MIN_FRAME_PAYLOAD + BLOCK_SIZE + 1) throw new RangeError('a chunk holds at least one block');
    this.sink = sink;
    this.limit = limit;
    this.filling = allocateFirst(LENGTH_BYTES + limit);
  }

  /** Bytes that still fit into the current chunk. */
  get room(): number {
    return LENGTH_BYTES + this.limit - 1 - this.filled;
  }

  /** Ensures that an atom of `size` bytes fits. */
  reserve(size: number): Promise<void> | undefined {
    if (size > this.limit - 1 - MIN_FRAME_PAYLOAD) throw new RangeError('the atom is larger than a chunk');
    return size <= this.room ? undefined : this.send(true, false);
  }

  /** Appends bytes that are known to fit: one or more atoms, or part of something that may be cut anywhere. */
  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (end - start > this.room) throw new RangeError('no room was reserved');
    this.makeRoom(end - start);
    this.filling.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.filled);
    this.filled += end - start;
  }

  /**
   * Appends full blocks with a zero length byte from `data[start, end)`, as many as fit; returns how many. Makes one large copy, then moves
   * the blocks within the buffer, last one first.
   */
  appendBlocks(data: Uint8Array, start: number, end: number): number {
    const count = Math.min(Math.floor((end - start) / BLOCK_DATA), Math.floor(this.room / BLOCK_SIZE));
    if (count === 0) return 0;
    this.makeRoom(count * BLOCK_SIZE);
    const { filling, filled } = this;
    filling.set(data.subarray(start, start + count * BLOCK_DATA), filled);
    for (let i = count - 1; i >= 0; i--) {
      const from = filled + i * BLOCK_DATA;
      const to = filled + i * BLOCK_SIZE;
      filling.copyWithin(to + 1, from, from + BLOCK_DATA);
      filling[to] = 0;
    }
    this.filled += count * BLOCK_SIZE;
    return count;
  }

  /**
   * Sends what is buffered; more will follow. Do not use it within files and transactions: Java clients misread small chunks there (spec
   * common-protocol 5).
   */
  async flush(): Promise<void> {
    if (this.filled > BODY_START) await this.send(true, false);
  }

  /** Ends the message; fulfilled once the sink has accepted everything. */
  async finish(): Promise<void> {
    await this.send(false, false);
    await this.sending;
  }

  /** Ends the message with a failure; what was not sent yet is dropped (spec common-protocol 12.1). */
  async fail(payload: Uint8Array): Promise<void> {
    this.filled = BODY_START;
    this.append(payload.subarray(0, this.room));
    await this.send(false, true);
    await this.sending;
  }

  private makeRoom(bytes: number): void {
    this.filling = growBuffer(this.filling, this.filled, this.filled + bytes, LENGTH_BYTES + this.limit);
  }

  private send(more: boolean, failure: boolean): Promise<void> | undefined {
    if (this.sending !== undefined) return this.sending.then(() => this.send(more, failure));
    const frame = this.filling.subarray(0, this.filled);
    frame.writeUInt32BE(frame.length - LENGTH_BYTES, 0);
    encodeChunkHeader({ more, failure }, frame, LENGTH_BYTES);
    const sent = this.sink(frame);
    this.filled = BODY_START;
    if (sent === undefined) return undefined;
    const full = this.filling;
    this.filling = this.spare ?? allocateFirst(full.length);
    this.spare = full;
    this.sending = sent.then(() => {
      this.sending = undefined;
    });
    // The next write or finish throws the failure.
    this.sending.catch(() => {});
    return undefined;
  }
}
