import { writeU32 } from '../../../base/byte-reader.ts';
import { KIND_FREE_LIST } from './node-page.ts';
import { readPageId, readSlotGeneration, writePageId } from './pointer.ts';

/**
 * Free-list page (spec trees-and-indexes 6).
 *
 * | offset      | type | field                                    |
 * |-------------|------|------------------------------------------|
 * | 0           | u8   | page kind 2; servers leave 0 on the last |
 * | 1           | 6    | id of the next free-list page, 0 = none  |
 * | 7 + 10 * i  | u32  | entry i: generation of the release       |
 * | 11 + 10 * i | 6    | entry i: page id                         |
 *
 * A page may be reused once the generation of its release is not newer than the stable one.
 */
const NEXT_AT = 1;
const ENTRIES_AT = 7;
const ENTRY_BYTES = 10;

export function freeEntriesPerPage(pageBytes: number): number {
  return Math.floor((pageBytes - ENTRIES_AT) / ENTRY_BYTES);
}

export function initializeFreeListPage(page: Uint8Array): void {
  page.fill(0);
  page[0] = KIND_FREE_LIST;
}

export function readNextFreeListPage(page: Uint8Array): number {
  return readPageId(page, NEXT_AT);
}

export function writeNextFreeListPage(page: Uint8Array, id: number): void {
  writePageId(page, NEXT_AT, id);
}

export function readFreeGeneration(page: Uint8Array, position: number): number {
  return readSlotGeneration(page, ENTRIES_AT + position * ENTRY_BYTES);
}

export function readFreeId(page: Uint8Array, position: number): number {
  return readPageId(page, ENTRIES_AT + position * ENTRY_BYTES + 4);
}

export function writeFreeEntry(page: Uint8Array, position: number, generation: number, id: number): void {
  const at = ENTRIES_AT + position * ENTRY_BYTES;
  writeU32(page, at, generation);
  writePageId(page, at + 4, id);
}
