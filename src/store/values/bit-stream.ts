import { OutOfBytes } from '../../base/byte-reader.ts';

/**
 * Reads bits in the order of property values (spec record-stores 8): least significant bit of the first byte first, and least significant
 * bit of each field first. Blocks are big-endian, so they must be reversed first ({@link blocksToStream}).
 */
export class BitReader {
  private readonly bytes: Uint8Array;
  private position: number;

  constructor(bytes: Uint8Array, startBit = 0) {
    this.bytes = bytes;
    this.position = startBit;
  }

  /** Up to 32 bits, unsigned. */
  read(count: number): number {
    let value = 0;
    let taken = 0;
    while (taken < count) {
      const byte = this.bytes[this.position >> 3];
      if (byte === undefined) throw new OutOfBytes('a value needs more bits than there are');
      const shift = this.position & 7;
      const part = Math.min(8 - shift, count - taken);
      value += ((byte >> shift) & ((1 << part) - 1)) * 2 ** taken;
      taken += part;
      this.position += part;
    }
    return value;
  }

  /** Up to 64 bits, unsigned. */
  readBig(count: number): bigint {
    if (count <= 32) return BigInt(this.read(count));
    const low = this.read(32);
    return (BigInt(this.read(count - 32)) << 32n) | BigInt(low);
  }
}

/** Writes bits into zeroed bytes. */
export class BitWriter {
  private readonly bytes: Uint8Array;
  private position: number;

  constructor(bytes: Uint8Array, startBit = 0) {
    this.bytes = bytes;
    this.position = startBit;
  }

  /** Up to 32 bits. */
  write(value: number, count: number): this {
    let rest = value;
    let left = count;
    while (left > 0) {
      const shift = this.position & 7;
      const part = Math.min(8 - shift, left);
      const mask = (1 << part) - 1;
      this.bytes[this.position >> 3]! |= (rest & mask) << shift;
      rest = Math.floor(rest / (mask + 1));
      left -= part;
      this.position += part;
    }
    return this;
  }

  /** Up to 64 bits. */
  writeBig(value: bigint, count: number): this {
    const bits = BigInt.asUintN(64, value);
    this.write(Number(bits & 0xffff_ffffn), Math.min(count, 32));
    return count > 32 ? this.write(Number(bits >> 32n), count - 32) : this;
  }
}

/** Converts `count` big-endian blocks at `offset` into a bit stream. */
export function blocksToStream(blocks: Uint8Array, offset: number, count: number): Uint8Array {
  const stream = new Uint8Array(count * 8);
  for (let i = 0; i < stream.length; i++) stream[i] = blocks[offset + (i & ~7) + 7 - (i & 7)]!;
  return stream;
}

/** The inverse, for a whole number of blocks. */
export function streamToBlocks(stream: Uint8Array): Uint8Array {
  return blocksToStream(stream, 0, stream.length >> 3);
}
