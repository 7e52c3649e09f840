import { compareI32 } from '../tree/page/byte-order.ts';
import type { TreeLayout } from '../tree/page/layout.ts';
import { readPageId } from '../tree/page/pointer.ts';

/** User header of the label scan store (spec trees-and-indexes 9). */
export const HEADER_USABLE = 0;

/**
 * Label scan store `neostore.labelscanstore.db` (spec trees-and-indexes 9, layout LSL). Order: label, range.
 *
 * | key offset | type   | field                                                        |
 * |------------|--------|--------------------------------------------------------------|
 * | 0          | i32    | label id                                                     |
 * | 4          | u32    | range number, low 32 bits                                    |
 * | 8          | u16    | range number, high 16 bits                                   |
 *
 * Value: u64 bitset; bit b of range r means that node `r * 64 + b` has the label.
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
    const label = compareI32(a, aStart, b, bStart);
    return label !== 0 ? label : readPageId(a, aStart + 4) - readPageId(b, bStart + 4);
  },
};
