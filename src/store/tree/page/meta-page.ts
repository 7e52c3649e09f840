import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { describeLayout, fitsLayout, type TreeLayout } from './layout.ts';

/**
 * Meta page, page 0 (spec trees-and-indexes 2). Written once and never changed.
 *
 * | offset | type | field                                                                        |
 * |--------|------|------------------------------------------------------------------------------|
 * | 0      | u32  | lowest byte = node format (2 fixed, 3 dynamic), next byte = its version (0)  |
 * | 4      | u32  | page size                                                                    |
 * | 8      | i64  | layout id: high 4 bytes = characters, right aligned; low 4 bytes = a number  |
 * | 16     | i32  | layout major version                                                         |
 * | 20     | i32  | layout minor version                                                         |
 */
export const META_BYTES = 24;

export const DEFAULT_PAGE_BYTES = 8192;
const SMALLEST_PAGE_BYTES = 256;
const LARGEST_PAGE_BYTES = 32768;

export interface MetaPage {
  formatWord: number;
  pageBytes: number;
  name: string;
  number: number;
  majorVersion: number;
  minorVersion: number;
}

export function decodeMetaPage(page: Uint8Array): MetaPage {
  let name = '';
  for (let i = 8; i < 12; i++) if (page[i] !== 0) name += String.fromCharCode(page[i]!);
  return {
    formatWord: readU32(page, 0),
    pageBytes: readU32(page, 4),
    name,
    number: readU32(page, 12) | 0,
    majorVersion: readU32(page, 16) | 0,
    minorVersion: readU32(page, 20) | 0,
  };
}

export function encodeMetaPage(layout: TreeLayout, pageBytes: number): Uint8Array {
  const page = new Uint8Array(pageBytes);
  writeU32(page, 0, formatWordOf(layout));
  writeU32(page, 4, pageBytes);
  for (let i = 0; i < layout.name.length; i++) {
    page[12 - layout.name.length + i] = layout.name.charCodeAt(i);
  }
  writeU32(page, 12, layout.number);
  writeU32(page, 16, layout.majorVersion);
  writeU32(page, 20, layout.minorVersion);
  return page;
}

/** What is wrong with the meta page of a file that should have `layout`, or undefined. */
export function findMetaProblem(meta: MetaPage, layout: TreeLayout): { message: string; observed: string } | undefined {
  if (meta.formatWord !== formatWordOf(layout)) {
    return { message: `the node format is not ${formatWordOf(layout)}`, observed: String(meta.formatWord) };
  }
  if (!isPlausiblePageSize(meta.pageBytes)) {
    return { message: 'the page size is impossible', observed: String(meta.pageBytes) };
  }
  if (!fitsLayout(meta, layout)) {
    return { message: `the layout is not ${describeLayout(layout)}`, observed: describeLayout(meta) };
  }
  return undefined;
}

export function isPlausiblePageSize(bytes: number): boolean {
  return bytes >= SMALLEST_PAGE_BYTES && bytes <= LARGEST_PAGE_BYTES && (bytes & (bytes - 1)) === 0;
}

function formatWordOf(layout: TreeLayout): number {
  return layout.keys === 'fixed' ? 2 : 3;
}
