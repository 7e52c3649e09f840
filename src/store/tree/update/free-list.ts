import { GraphkeepError } from '../../../base/errors.ts';
import {
  freeEntriesPerPage,
  initializeFreeListPage,
  readFreeGeneration,
  readFreeId,
  readNextFreeListPage,
  writeFreeEntry,
  writeNextFreeListPage,
} from '../page/free-list-page.ts';
import { FIRST_NODE_PAGE, KIND_FREE_LIST, KIND_NODE } from '../page/node-page.ts';
import type { OpenTree } from '../read/tree-file.ts';

/** The fields of the state that locate the free list. */
export interface FreeListState {
  lastId: number;
  freeReadPage: number;
  freeReadPosition: number;
  freeWritePage: number;
  freeWritePosition: number;
}

/**
 * Allocates pages for one update and releases those it replaces (spec trees-and-indexes 6). It hands out only pages that were free at the
 * last check point, and enters released pages with the generation of the update, so nothing that the check point needs is overwritten. New
 * entries go after the check point's write position, which therefore does not see them.
 */
export class FreeList {
  private readonly tree: OpenTree;
  private readonly generation: number;
  private readonly perPage: number;
  private readonly state: FreeListState;
  /** Where reading must stop: the check point's write position. */
  private readonly limitPage: number;
  private readonly limitPosition: number;
  private readonly readBuffer: Uint8Array;
  private readBufferId = 0;
  private readonly writeBuffer: Uint8Array;
  private readonly released: number[] = [];
  /** All entries of the check point have been used; what follows is our own. */
  private isExhausted = false;
  private isWritePageChanged = false;
  /** Pages known to be free, if the list in the file is unusable. */
  private readonly known: number[] | undefined;

  /** @param known the free pages, if the list in the file is wrong: the list is then rewritten */
  constructor(tree: OpenTree, generation: number, known?: number[]) {
    this.tree = tree;
    this.generation = generation;
    this.perPage = freeEntriesPerPage(tree.format.pageBytes);
    const { lastId, freeReadPage, freeReadPosition, freeWritePage, freeWritePosition } = tree.state;
    this.state = { lastId, freeReadPage, freeReadPosition, freeWritePage, freeWritePosition };
    this.limitPage = freeWritePage;
    this.limitPosition = freeWritePosition;
    this.readBuffer = new Uint8Array(tree.format.pageBytes);
    this.writeBuffer = new Uint8Array(tree.format.pageBytes);
    this.known = known;
  }

  allocate(): number {
    const free = this.known === undefined ? this.takeEntry() : this.known.pop();
    return free ?? ++this.state.lastId;
  }

  release(id: number): void {
    this.released.push(id);
  }

  /** Writes the list and returns its position; nothing can be allocated afterwards. */
  flush(): FreeListState {
    if (this.known !== undefined) this.startNewList(this.known);
    else this.loadWritePage();
    for (let i = 0; i < this.released.length; i++) this.append(this.released[i]!, this.generation);
    this.leaveReadPage();
    if (this.isWritePageChanged) this.writeWritePage();
    return this.state;
  }

  private takeEntry(): number | undefined {
    const { state } = this;
    if (this.isExhausted) return undefined;
    while (state.freeReadPosition >= this.perPage && state.freeReadPage !== this.limitPage) this.nextReadPage();
    if (state.freeReadPage === this.limitPage && state.freeReadPosition >= this.limitPosition) {
      this.isExhausted = true;
      return undefined;
    }
    this.loadReadPage();
    const position = state.freeReadPosition;
    if (readFreeGeneration(this.readBuffer, position) > this.tree.state.stable) return undefined;
    const id = readFreeId(this.readBuffer, position);
    if (id < FIRST_NODE_PAGE || id > this.tree.state.lastId) {
      throw this.corrupt(state.freeReadPage, `the free list holds page ${id}, outside 3..${this.tree.state.lastId}`);
    }
    state.freeReadPosition++;
    return id;
  }

  /** Moves to the next page of the list; the previous one is now free. */
  private nextReadPage(): void {
    const { state } = this;
    this.loadReadPage();
    const next = readNextFreeListPage(this.readBuffer);
    if (next < FIRST_NODE_PAGE || next > state.lastId) {
      throw this.corrupt(state.freeReadPage, `the free list continues in page ${next}, outside 3..${state.lastId}`);
    }
    this.release(state.freeReadPage);
    state.freeReadPage = next;
    state.freeReadPosition = 0;
  }

  private loadReadPage(): void {
    const { freeReadPage } = this.state;
    if (this.readBufferId === freeReadPage) return;
    this.loadListPage(freeReadPage, this.readBuffer);
    this.readBufferId = freeReadPage;
  }

  private loadWritePage(): void {
    this.loadListPage(this.state.freeWritePage, this.writeBuffer);
    this.writeBuffer[0] = KIND_FREE_LIST;
  }

  /**
   * The kind byte of a list page is ignored: servers leave 0 on the last page. Only a tree node is refused: its bytes, read as entries,
   * would hand out pages in use.
   */
  private loadListPage(id: number, buffer: Uint8Array): void {
    this.tree.file.read(buffer, id * this.tree.format.pageBytes);
    if (buffer[0] === KIND_NODE) throw this.corrupt(id, 'the free list leads to a tree node');
  }

  private append(id: number, generation: number): void {
    const { state } = this;
    this.isWritePageChanged = true;
    if (state.freeWritePosition >= this.perPage) this.startNextWritePage();
    writeFreeEntry(this.writeBuffer, state.freeWritePosition++, generation, id);
    // Never leave a full page as the write page: the list continues on the next page.
    if (state.freeWritePosition >= this.perPage) this.startNextWritePage();
  }

  private startNextWritePage(): void {
    const { state } = this;
    const next = this.allocate();
    writeNextFreeListPage(this.writeBuffer, next);
    this.writeWritePage();
    initializeFreeListPage(this.writeBuffer);
    state.freeWritePage = next;
    state.freeWritePosition = 0;
  }

  private writeWritePage(): void {
    this.tree.file.write(this.writeBuffer, this.state.freeWritePage * this.tree.format.pageBytes);
  }

  /** Moves on if the last entry of the read page was used. */
  private leaveReadPage(): void {
    const { state } = this;
    while (state.freeReadPosition >= this.perPage && state.freeReadPage !== state.freeWritePage) {
      if (state.freeReadPage === this.limitPage) this.isExhausted = true;
      // The buffer may hold the page as it was before it got a successor.
      this.readBufferId = 0;
      const count = this.released.length;
      this.nextReadPage();
      for (let i = count; i < this.released.length; i++) this.append(this.released[i]!, this.generation);
    }
  }

  private startNewList(free: number[]): void {
    const { state } = this;
    initializeFreeListPage(this.writeBuffer);
    this.isWritePageChanged = true;
    state.freeReadPage = state.freeWritePage = this.allocate();
    state.freeReadPosition = state.freeWritePosition = 0;
    for (let id = free.pop(); id !== undefined; id = free.pop()) this.append(id, this.tree.state.stable);
  }

  private corrupt(pageId: number, message: string): GraphkeepError {
    const place = { file: this.tree.file.path, offset: pageId * this.tree.format.pageBytes };
    return new GraphkeepError('file.corrupt', message, { place });
  }
}
