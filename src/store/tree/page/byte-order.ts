/** Compares big-endian numbers in place, without allocation. */

export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function compareI32(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const x = readI32(a, aAt);
  const y = readI32(b, bAt);
  return x < y ? -1 : x > y ? 1 : 0;
}

export function compareI64(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const high = compareI32(a, aAt, b, bAt);
  if (high !== 0) return high;
  const x = readI32(a, aAt + 4) >>> 0;
  const y = readI32(b, bAt + 4) >>> 0;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Compares unsigned bytes one by one; a prefix comes first. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const common = Math.min(aLength, bLength);
  for (let i = 0; i < common; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
