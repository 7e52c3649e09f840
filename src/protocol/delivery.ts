import { allocateFirst, growBuffer } from '../base/growing-buffer.ts';

/** Size of the buffer that collects received data before it is passed on: one disk write. */
const DELIVERY_BYTES = 1 << 20;

/** Room for one block of the backup protocol, the largest thing that is appended at once. */
const MIN_CAPACITY = 256;

/** Result of a receiver: a promise if the caller must wait. */
export type Wait = Promise<void> | undefined | void;

/**
 * Collects received data in two alternating buffers and passes full ones on, one call at a time: while a receiver writes one buffer, the
 * other is filled. A caller that finds no room waits for {@link pending}.
 */
export class Delivery {
  /** The call under way; undefined when the receiver is ready for the next one. */
  pending: Promise<void> | undefined;
  /** Called at once when a call fails, so that nobody waits for more bytes in vain. */
  onFailure: ((error: unknown) => void) | undefined;
  private filling: Buffer | undefined;
  private spare: Buffer | undefined;
  private filled = 0;
  private error: unknown;
  private failed = false;
  private readonly capacity: number;

  constructor(capacity = DELIVERY_BYTES) {
    if (capacity < MIN_CAPACITY) throw new RangeError('a delivery buffer holds at least one block');
    this.capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.filled === 0;
  }

  get room(): number {
    return this.capacity - this.filled;
  }

  /** Throws the receiver's error, if it failed since the last call. */
  throwFailure(): void {
    if (this.failed) throw this.error;
  }

  /** Tracks the call under way. Nothing may be pending. */
  track(wait: Wait): void {
    if (!(wait instanceof Promise)) return;
    const done = wait.then(
      () => {
        this.pending = undefined;
      },
      (error: unknown) => {
        this.pending = undefined;
        this.failed = true;
        this.error = error;
        this.onFailure?.(error);
        throw error;
      },
    );
    // A waiting caller or throwFailure gets the failure; until then it must not be reported as unhandled.
    done.catch(() => {});
    this.pending = done;
  }

  /** Copies `source[start, end)`; there must be room. */
  append(source: Buffer, start: number, end: number): void {
    source.copy(this.target(end - start), this.filled, start, end);
    this.filled += end - start;
  }

  /**
   * Copies the data of as many full blocks from `source[start, end)` as fit, without their length bytes; returns how many. A full block is
   * a zero byte, then `dataBytes` of data (spec common-protocol 9). One large copy followed by moves within the buffer is several times
   * faster than one copy per block.
   */
  appendBlocks(source: Buffer, start: number, end: number, dataBytes: number): number {
    const blockBytes = dataBytes + 1;
    const most = Math.floor(Math.min(end - start, this.room) / blockBytes);
    let count = 0;
    for (let at = start; count < most && source[at] === 0; at += blockBytes) count++;
    if (count === 0) return 0;
    const target = this.target(count * blockBytes);
    const first = this.filled;
    source.copy(target, first, start, start + count * blockBytes);
    let to = first;
    for (let from = first + 1, i = 0; i < count; i++, from += blockBytes, to += dataBytes) {
      target.copyWithin(to, from, from + dataBytes);
    }
    this.filled = to;
    return count;
  }

  /** Passes on what is collected. Nothing may be pending. */
  flush(receive: (chunk: Buffer) => Wait): void {
    if (this.filled === 0) return;
    const full = this.target(0);
    this.track(receive(full.subarray(0, this.filled)));
    this.filled = 0;
    if (this.pending === undefined) return;
    this.filling = this.spare;
    this.spare = full;
  }

  /** The buffer, with room for so many bytes more. */
  private target(bytes: number): Buffer {
    this.filling ??= allocateFirst(this.capacity);
    this.filling = growBuffer(this.filling, this.filled, this.filled + bytes, this.capacity);
    return this.filling;
  }
}
