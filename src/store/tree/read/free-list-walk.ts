import { freeEntriesPerPage, readFreeGeneration, readFreeId, readNextFreeListPage } from '../page/free-list-page.ts';
import { FIRST_NODE_PAGE } from '../page/node-page.ts';
import type { OpenTree } from './tree-file.ts';

export interface FreeListVisitor {
  /** Receives a page that holds free-list entries. */
  listPage(id: number): void;
  freePage(id: number, generation: number): void;
}

/**
 * Walks the free list of the current state (spec trees-and-indexes 6): the pages of the list, and the free pages between the read and the
 * write position. Returns the problem that stopped the walk, if any. The kind byte is ignored: servers leave it 0 on the last page of the
 * list. Visitors can detect a list that leads into the tree.
 */
export function walkFreeList(tree: OpenTree, visitor: FreeListVisitor): { page: number; message: string } | undefined {
  const { state, format, file } = tree;
  const perPage = freeEntriesPerPage(format.pageBytes);
  const page = new Uint8Array(format.pageBytes);
  let id = state.freeReadPage;
  let position = state.freeReadPosition;
  for (let steps = 0; steps <= state.lastId; steps++) {
    if (!(id >= FIRST_NODE_PAGE && id <= state.lastId)) {
      return { page: id, message: `the free list leads to page ${id}, outside 3..${state.lastId}` };
    }
    file.read(page, id * format.pageBytes);
    visitor.listPage(id);
    const isLast = id === state.freeWritePage;
    const end = isLast ? state.freeWritePosition : perPage;
    if (position > end || end > perPage)
      return { page: id, message: `free-list position ${position} of ${end} is impossible` };
    for (; position < end; position++) visitor.freePage(readFreeId(page, position), readFreeGeneration(page, position));
    if (isLast) return undefined;
    id = readNextFreeListPage(page);
    position = 0;
  }
  return { page: id, message: 'the pages of the free list form a cycle' };
}
