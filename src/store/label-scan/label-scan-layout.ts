import type { TreeLayout } from '../tree/layout.ts';

/**
 * Label scan store `neostore.labelscanstore.db` (trees spec 9, layout LSL). Order: label, range.
 *
 * | key offset | type   | field                                                        |
 * |------------|--------|--------------------------------------------------------------|
 * | 0          | i32    | label id                                                     |
 * | 4          | u32    | range number, low 32 bits                                    |
 * | 8          | u16    | range number, high 16 bits                                   |
 *
 * Value: u64 bitset; bit b of range r says that node `r * 64 + b` has the label.
 */
export const LABEL_KEY_BYTES = 10;
export const BITSET_BYTES = 8;
export const NODES_PER_RANGE = 64;

export const labelScanLayout: TreeLayout = {
  name: 'LSL',
  number: 64,
  majorVersion: 0,
  minorVersion: 1,
  keys: 'fixed',
  keyBytes: LABEL_KEY_BYTES,
  valueBytes: BITSET_BYTES,
  compare(a, aStart, _aLength, b, bStart) {
    const label = readI32(a, aStart) - readI32(b, bStart);
    if (label !== 0) return label;
    const high = readU16(a, aStart + 8) - readU16(b, bStart + 8);
    return high !== 0 ? high : (readI32(a, aStart + 4) >>> 0) - (readI32(b, bStart + 4) >>> 0);
  },
};

function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
