import { damaged } from './back-references.ts';

/** Little-endian cursor over one compressed block. */
export class CompressedBytes {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Buffer {
    if (count > this.remaining) throw damaged('a compressed request is cut short', `${this.remaining} bytes`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  /** An unsigned number of 1 to 4 bytes. */
  uint(byteCount: number): number {
    return this.take(byteCount).readUIntLE(0, byteCount);
  }
}
