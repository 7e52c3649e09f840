import { GraphkeepError } from '../../../base/errors.ts';
import { referenceOutOfRange } from '../reference.ts';

/**
 * Compressed references of high_limit records (spec record-stores 7.1): 3 to 8 bytes, big-endian, s = sign. The writer uses the shortest
 * form.
 *
 *     first byte  bytes  value bits          first byte  bytes  value bits
 *     0s......        3          22          1110s...        6          43
 *     10s.....        4          29          11110s..        7          50
 *     110s....        5          36          11111s..        8          58
 *
 * v >= 0: s = 0, bits = v. v < 0: s = 1, bits = -v - 1.
 */
export class ReferenceCursor {
  buffer: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;

  reset(buffer: Uint8Array, position: number, end: number): this {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    return this;
  }

  u8(): number {
    const at = this.reserve(1);
    return this.buffer[at]!;
  }

  u16(): number {
    const at = this.reserve(2);
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  read(): number {
    if (this.position >= this.end) throw tornRecord();
    const first = this.buffer[this.position]!;
    const length = compressedLength(first);
    const at = this.reserve(length);
    const valueBits = length === 8 ? 2 : 9 - length; // Value bits in the first byte.
    let bits = first & ((1 << valueBits) - 1);
    for (let i = at + 1; i < at + length; i++) bits = bits * 256 + this.buffer[i]!;
    if (bits > Number.MAX_SAFE_INTEGER) throw referenceOutOfRange(bits);
    return (first & (1 << valueBits)) === 0 ? bits : -bits - 1;
  }

  private reserve(count: number): number {
    const at = this.position;
    if (at + count > this.end) throw tornRecord();
    this.position = at + count;
    return at;
  }
}

function compressedLength(first: number): number {
  if ((first & 0x80) === 0) return 3;
  if ((first & 0x40) === 0) return 4;
  if ((first & 0x20) === 0) return 5;
  if ((first & 0x10) === 0) return 6;
  if ((first & 0x08) === 0) return 7;
  return 8;
}

function tornRecord(): GraphkeepError {
  return new GraphkeepError('store.corrupt', 'a reference runs over the end of its record');
}

/** Writes `value` at `offset` and returns the offset after it. */
export function writeCompressed(buffer: Uint8Array, offset: number, value: number): number {
  let bits = value >= 0 ? value : -value - 1;
  const length =
    bits < 2 ** 22 ? 3 : bits < 2 ** 29 ? 4 : bits < 2 ** 36 ? 5 : bits < 2 ** 43 ? 6 : bits < 2 ** 50 ? 7 : 8;
  if (bits > Number.MAX_SAFE_INTEGER) throw referenceOutOfRange(value);
  for (let i = offset + length - 1; i >= offset; i--) {
    const rest = Math.floor(bits / 256);
    buffer[i] = bits - rest * 256;
    bits = rest;
  }
  const prefix = length === 8 ? 0xf8 : (0xff << (11 - length)) & 0xff;
  const sign = value < 0 ? 1 << (length === 8 ? 2 : 9 - length) : 0;
  buffer[offset]! |= prefix | sign;
  return offset + length;
}
