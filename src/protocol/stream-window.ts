/**
 * The bytes of a connection as they arrive, one window after the other, without copying; the base of decoders. Use the bytes at {@link
 * position} and advance it.
 */
export class StreamWindow {
  buffer: Buffer = Buffer.alloc(0);
  position = 0;
  protected end = 0;
  /** Stream offset of `buffer[0]`. */
  private base: number;

  /** `offset`: bytes of the connection used before. */
  constructor(offset = 0) {
    this.base = offset;
  }

  /** Offset of {@link position} since the connection was opened. */
  get offset(): number {
    return this.base + this.position;
  }

  /** Sets the next bytes of the stream. The previous window must be used up. */
  feed(buffer: Buffer, start = 0, end = buffer.length): void {
    if (this.position !== this.end) throw new RangeError('the window before is not used up');
    this.base = this.offset - start;
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }
}
