import { GraphkeepError } from './errors.ts';

/** Thrown by a {@link ByteReader} that has fewer bytes left than requested: a torn tail, or data that has not arrived yet. */
export class OutOfBytes extends Error {
  override readonly name = 'OutOfBytes';
}

const outOfBytes = new OutOfBytes('fewer bytes than the format requires');

/** The largest exact integer in a double has this high half. Larger ids, offsets and transaction ids are refused. */
const MAX_HIGH = 0x1fffff;

/**
 * Bounds-checked big-endian cursor over a window of bytes. A read beyond {@link end} throws the one shared {@link OutOfBytes}. Reusable:
 * {@link reset} moves it to another window.
 */
export class ByteReader {
  buffer: Buffer;
  position: number;
  end: number;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  reset(buffer: Buffer, position = 0, end = buffer.length): this {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Reserves `count` bytes and returns the offset of the first one in {@link buffer}. */
  take(count: number): number {
    const start = this.position;
    if (start + count > this.end) throw outOfBytes;
    this.position = start + count;
    return start;
  }

  skip(count: number): void {
    this.take(count);
  }

  u8(): number {
    return this.buffer[this.take(1)]!;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    const at = this.take(2);
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const at = this.take(4);
    const b = this.buffer;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  /** A signed 64-bit id, offset or count as a number; throws beyond 2^53 - 1. */
  i64(): number {
    const high = this.i32();
    const low = this.u32();
    if (high > MAX_HIGH || high < -MAX_HIGH - 1) {
      throw new GraphkeepError('file.corrupt', 'a 64-bit number is beyond 2^53', {
        observed: (BigInt(high) << 32n) | BigInt(low),
        place: { offset: this.position - 8 },
      });
    }
    return high * 0x1_0000_0000 + low;
  }

  /** An opaque signed 64-bit value. */
  bigI64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8));
  }

  /** A view of the next `count` bytes (no copy). */
  bytes(count: number): Buffer {
    const at = this.take(count);
    return this.buffer.subarray(at, at + count);
  }
}

/** Big-endian signed 64-bit number at `offset`. The caller guarantees that it is within ±2^53. */
export function readI64(buffer: Uint8Array, offset: number): number {
  const high = (buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!;
  return high * 0x1_0000_0000 + readU32(buffer, offset + 4);
}

export function readU32(buffer: Uint8Array, offset: number): number {
  return (
    ((buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!) >>> 0
  );
}

export function writeI64(buffer: Uint8Array, offset: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  writeU32(buffer, offset, high);
  writeU32(buffer, offset + 4, value - high * 0x1_0000_0000);
}

export function writeU32(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value >>> 24;
  buffer[offset + 1] = value >>> 16;
  buffer[offset + 2] = value >>> 8;
  buffer[offset + 3] = value;
}
