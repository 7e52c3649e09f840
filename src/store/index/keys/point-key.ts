import type { TreeLayout } from '../../tree/layout.ts';
import { compareI64 } from './byte-order.ts';

/**
 * Points of one coordinate reference system (trees spec 12, layout UPI): only the place on the space filling curve is stored.
 *
 * | offset | type | field                       |
 * |--------|------|-----------------------------|
 * | 0      | i64  | space filling curve value   |
 * | 8      | i64  | entity id                   |
 */
export const pointLayout: TreeLayout = {
  name: 'UPI',
  number: 0,
  majorVersion: 0,
  minorVersion: 1,
  keys: 'fixed',
  keyBytes: 16,
  valueBytes: 0,
  compare(a, aStart, _aLength, b, bStart) {
    const curve = compareI64(a, aStart, b, bStart);
    return curve !== 0 ? curve : compareI64(a, aStart + 8, b, bStart + 8);
  },
};
