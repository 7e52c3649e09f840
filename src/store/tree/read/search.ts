import type { KeyOrder } from '../page/layout.ts';
import type { NodeFormat } from '../page/node-format.ts';
import { readKeyCount } from '../page/node-page.ts';

/** A key given as a window of bytes. */
export interface KeyWindow {
  bytes: Uint8Array;
  start: number;
  length: number;
}

/** Index of the first key of the node, starting at `low`, that is not before `key`; the key count if there is none. */
export function findFirstNotBefore(
  format: NodeFormat,
  compare: KeyOrder,
  page: Uint8Array,
  leaf: boolean,
  key: KeyWindow,
  low = 0,
): number {
  let high = readKeyCount(page);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeyAt(format, compare, page, leaf, middle, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child of an internal node in which `key` belongs: after all separators that are not after the key. */
export function findChild(format: NodeFormat, compare: KeyOrder, page: Uint8Array, key: KeyWindow, low = 0): number {
  let high = readKeyCount(page);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeyAt(format, compare, page, false, middle, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of key `index` of the node relative to `key`. */
export function compareKeyAt(
  format: NodeFormat,
  compare: KeyOrder,
  page: Uint8Array,
  leaf: boolean,
  index: number,
  key: KeyWindow,
): number {
  const start = format.keyStart(page, leaf, index);
  const length = format.keyLength(page, leaf, index);
  return compare(page, start, length, key.bytes, key.start, key.length);
}
