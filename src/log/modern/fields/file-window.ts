import type { LogBytes } from '../../log-source.ts';

/**
 * A moving view of one log file: a transaction of any size is read through the same few bytes of memory. The bytes of a live file may
 * change after they were read (zeros that wait for data), so whoever found an end looks once more through a new window.
 */
export class FileWindow {
  readonly version: number;
  /** The bytes of the file from {@link offset} on, valid up to {@link length}. */
  readonly buffer: Buffer;
  offset = 0;
  length = 0;
  private readonly source: LogBytes;

  constructor(source: LogBytes, version: number, buffer: Buffer) {
    this.source = source;
    this.version = version;
    this.buffer = buffer;
  }

  /** The offset in the file behind the last byte of the view. */
  get end(): number {
    return this.offset + this.length;
  }

  /**
   * Moves the view so that it holds at least `wanted` bytes from `offset` of the file on, or all that are left there; returns how many it
   * holds. `wanted` must fit in the buffer.
   */
  show(offset: number, wanted: number): number {
    if (offset < this.offset || offset + wanted > this.end) this.moveTo(offset);
    return this.end - offset;
  }

  /** The index in {@link buffer} of an offset in the file. */
  indexOf(offset: number): number {
    return offset - this.offset;
  }

  private moveTo(offset: number): void {
    const isInside = offset >= this.offset && offset <= this.end;
    const kept = isInside ? this.end - offset : 0;
    if (kept > 0) this.buffer.copyWithin(0, offset - this.offset, this.length);
    this.offset = offset;
    this.length = kept;
    while (this.length < this.buffer.length) {
      const count = this.source.read(
        this.version,
        this.buffer,
        this.length,
        this.buffer.length - this.length,
        offset + this.length,
      );
      if (count === 0) break;
      this.length += count;
    }
  }
}
