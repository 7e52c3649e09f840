/** Growing big-endian output buffer. {@link reset} keeps the memory for reuse. */
export class ByteWriter {
  private buffer: Buffer;
  private length = 0;

  constructor(capacityBytes = 256) {
    this.buffer = Buffer.allocUnsafe(capacityBytes);
  }

  get size(): number {
    return this.length;
  }

  reset(): this {
    this.length = 0;
    return this;
  }

  /** The bytes written so far, as a view that is valid until the next write or reset. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** A copy of the bytes written so far. */
  toBuffer(): Buffer {
    return Buffer.from(this.view());
  }

  private reserve(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    this.length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2);
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
    return this;
  }

  i32(value: number): this {
    const at = this.reserve(4);
    this.buffer[at] = value >>> 24;
    this.buffer[at + 1] = value >>> 16;
    this.buffer[at + 2] = value >>> 8;
    this.buffer[at + 3] = value;
    return this;
  }

  /** A signed 64-bit number within ±2^53. */
  i64(value: number): this {
    const high = Math.floor(value / 0x1_0000_0000);
    return this.i32(high).i32(value - high * 0x1_0000_0000);
  }

  bigI64(value: bigint): this {
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(BigInt.asIntN(64, value), at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
    return this;
  }
}
