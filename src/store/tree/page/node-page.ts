import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { POINTER_BYTES, writePointer } from './pointer.ts';

/**
 * Head of a tree node page (spec trees-and-indexes 5). The body depends on the layout, see {@link NodeFormat}.
 *
 * | offset | type | field                                              |
 * |--------|------|----------------------------------------------------|
 * | 0      | u8   | page kind: 1 tree node; 2 or 0 free-list page      |
 * | 1      | u8   | 1 leaf, 0 internal                                 |
 * | 2      | u32  | generation of the node                             |
 * | 6      | i32  | key count                                          |
 * | 10     | GSPP | right sibling                                      |
 * | 34     | GSPP | left sibling                                       |
 * | 58     | GSPP | successor: no node if reachable from the root      |
 * | 82     |      | body                                               |
 */
export const KIND_NODE = 1;
export const KIND_FREE_LIST = 2;
export const RIGHT_SIBLING_AT = 10;
export const LEFT_SIBLING_AT = RIGHT_SIBLING_AT + POINTER_BYTES;
export const SUCCESSOR_AT = LEFT_SIBLING_AT + POINTER_BYTES;
export const BODY_AT = SUCCESSOR_AT + POINTER_BYTES;

/** Pages 0 to 2 are meta and state pages. */
export const FIRST_NODE_PAGE = 3;

export function readNodeGeneration(page: Uint8Array): number {
  return readU32(page, 2);
}

export function readKeyCount(page: Uint8Array): number {
  return readU32(page, 6) | 0;
}

export function isLeaf(page: Uint8Array): boolean {
  return page[1] === 1;
}

export function writeKeyCount(page: Uint8Array, count: number): void {
  writeU32(page, 6, count);
}

/** Writes the head of a new node: both siblings and the successor are "no node". The body stays blank. */
export function writeNodeHead(page: Uint8Array, leaf: boolean, generation: number): void {
  page.fill(0);
  page[0] = KIND_NODE;
  page[1] = leaf ? 1 : 0;
  writeU32(page, 2, generation);
  writePointer(page, RIGHT_SIBLING_AT, generation, 0);
  writePointer(page, LEFT_SIBLING_AT, generation, 0);
  writePointer(page, SUCCESSOR_AT, generation, 0);
}
