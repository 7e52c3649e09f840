import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bulkLoadTree, type TreeEntry } from '../../../src/store/tree/load/bulk-load.ts';
import type { TreeLayout } from '../../../src/store/tree/page/layout.ts';
import type { PageFile } from '../../../src/store/tree/page/page-file.ts';
import { TreeCursor } from '../../../src/store/tree/read/tree-cursor.ts';
import { openTree } from '../../../src/store/tree/read/tree-file.ts';

let files = 0;

/** The bytes of a tree made by our bulk loader, usually with small pages so that few entries make many levels. */
export async function loadTree(
  layout: TreeLayout,
  entries: Iterable<TreeEntry>,
  pageBytes: number,
  header = new Uint8Array([1]),
): Promise<Uint8Array> {
  const path = join(tmpdir(), `graphkeep-tree-${process.pid}-${files++}`);
  try {
    await bulkLoadTree(path, layout, header, entries, { pageBytes });
    return readFileSync(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** All entries as of the last check point, as `<key hex>` or `<key hex>=<value hex>`. */
export function readEntries(file: PageFile, layout: TreeLayout): string[] {
  const entries: string[] = [];
  for (const cursor = new TreeCursor(openTree(file, layout)); cursor.next(); ) {
    const key = hex(cursor.page, cursor.keyStart, cursor.keyLength);
    entries.push(layout.valueBytes === 0 ? key : `${key}=${hex(cursor.page, cursor.valueStart, layout.valueBytes)}`);
  }
  return entries;
}

function hex(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.subarray(start, start + length)).toString('hex');
}
