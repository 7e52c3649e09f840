import { readI64, readU32, writeI64, writeU32 } from '../../../base/byte-reader.ts';

/**
 * State pages, pages 1 and 2 (spec trees-and-indexes 3).
 *
 * | offset    | type    | field                                                      |
 * |-----------|---------|------------------------------------------------------------|
 * | 0         | u32     | stable generation                                          |
 * | 4         | u32     | unstable generation                                        |
 * | 8         | i64     | root page                                                  |
 * | 16        | i64     | generation of the root pointer                             |
 * | 24        | i64     | last id: highest page ever allocated                       |
 * | 32        | i64     | free-list write page                                       |
 * | 40        | i64     | free-list read page                                        |
 * | 48        | i32     | free-list write position                                   |
 * | 52        | i32     | free-list read position                                    |
 * | 56        | u8      | clean: 1 = closed, 0 = not                                 |
 * | 57 .. 113 |         | the same 57 bytes again                                    |
 * | 114       | i32     | length n of the user header                                |
 * | 118       | n bytes | user header                                                |
 */
export interface TreeState {
  stable: number;
  unstable: number;
  rootId: number;
  rootGeneration: number;
  lastId: number;
  freeWritePage: number;
  freeReadPage: number;
  freeWritePosition: number;
  freeReadPosition: number;
  clean: boolean;
}

const COPY_BYTES = 57;
const HEADER_LENGTH_AT = 2 * COPY_BYTES;
const HEADER_AT = HEADER_LENGTH_AT + 4;
/** A state page is valid only if one of these bytes is set: generations, root, last id, free-list fields. */
const MEANINGFUL_BYTES = 56;
const CLEAN_AT = 56;

/** State and user header of one page; undefined if the page is not valid. */
export function decodeStatePage(page: Uint8Array): { state: TreeState; header: Uint8Array | undefined } | undefined {
  let meaningful = 0;
  for (let i = 0; i < COPY_BYTES; i++) {
    if (page[i] !== page[COPY_BYTES + i]) return undefined;
    if (i < MEANINGFUL_BYTES && !(i >= 16 && i < 24)) meaningful |= page[i]!;
  }
  if (meaningful === 0) return undefined;
  const length = readU32(page, HEADER_LENGTH_AT);
  return {
    state: {
      stable: readU32(page, 0),
      unstable: readU32(page, 4),
      rootId: readI64(page, 8),
      rootGeneration: readI64(page, 16),
      lastId: readI64(page, 24),
      freeWritePage: readI64(page, 32),
      freeReadPage: readI64(page, 40),
      freeWritePosition: readU32(page, 48),
      freeReadPosition: readU32(page, 52),
      clean: page[CLEAN_AT] === 1,
    },
    header:
      length <= page.length - HEADER_AT ? new Uint8Array(page.subarray(HEADER_AT, HEADER_AT + length)) : undefined,
  };
}

export function encodeStatePage(state: TreeState, header: Uint8Array, pageBytes: number): Uint8Array {
  const page = new Uint8Array(pageBytes);
  writeU32(page, 0, state.stable);
  writeU32(page, 4, state.unstable);
  writeI64(page, 8, state.rootId);
  writeI64(page, 16, state.rootGeneration);
  writeI64(page, 24, state.lastId);
  writeI64(page, 32, state.freeWritePage);
  writeI64(page, 40, state.freeReadPage);
  writeU32(page, 48, state.freeWritePosition);
  writeU32(page, 52, state.freeReadPosition);
  page[CLEAN_AT] = state.clean ? 1 : 0;
  page.copyWithin(COPY_BYTES, 0, COPY_BYTES);
  writeU32(page, HEADER_LENGTH_AT, header.length);
  page.set(header, HEADER_AT);
  return page;
}

/** Chooses the current one of two states, or says why it cannot. Undefined = the page is not valid. */
export function chooseState(
  a: TreeState | undefined,
  b: TreeState | undefined,
): 'a' | 'b' | 'none-valid' | 'indistinguishable' {
  if (a === undefined) return b === undefined ? 'none-valid' : 'b';
  if (b === undefined) return 'a';
  if (a.stable === b.stable && a.unstable === b.unstable && a.clean !== b.clean) return a.clean ? 'a' : 'b';
  if (a.stable >= b.stable && a.unstable > b.unstable) return 'a';
  if (b.stable >= a.stable && b.unstable > a.unstable) return 'b';
  return 'indistinguishable';
}
