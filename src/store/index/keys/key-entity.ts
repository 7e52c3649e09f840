import { readI64 } from '../../../base/byte-reader.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import { genericLayout } from './generic-key.ts';
import { textLayout } from './text-key.ts';

export const ENTITY_BYTES = 8;

/** Offset of the entity id in the keys of a layout: first in texts and generic keys, last in all others (spec trees-and-indexes 12). */
export function entityOffset(layout: TreeLayout, keyLength: number): number {
  return layout === genericLayout || layout === textLayout ? 0 : keyLength - ENTITY_BYTES;
}

/** Entity id of a key; NaN if the key is too short or the id is beyond 2^53. */
export function readEntityId(layout: TreeLayout, page: Uint8Array, start: number, length: number): number {
  if (length < ENTITY_BYTES) return Number.NaN;
  const id = readI64(page, start + entityOffset(layout, length));
  return Number.isSafeInteger(id) ? id : Number.NaN;
}
