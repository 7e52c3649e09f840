import { isLeaf, RIGHT_SIBLING_AT, readKeyCount } from '../page/node-page.ts';
import { NO_NODE } from '../page/pointer.ts';
import { compareKeyAt, findChild, findFirstNotBefore, type KeyWindow } from './search.ts';
import { corruptNode, MAX_DEPTH, type OpenTree, type Pointer, readNode, readPointer } from './tree-file.ts';

/**
 * Walks the entries of a tree in key order, as of the last check point (spec trees-and-indexes 4.1); for a closed file that is its content.
 * The current entry is a window of {@link page}; nothing is allocated per entry. A damaged tree ends the walk with an error, never in an
 * endless loop.
 */
export class TreeCursor {
  private readonly tree: OpenTree;
  page: Uint8Array;
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  private spare: Uint8Array;
  private readonly pointer: Pointer = { id: 0, generation: 0 };
  private readonly lastKey: KeyWindow = { bytes: new Uint8Array(0), start: 0, length: 0 };
  private hasLastKey = false;
  private pageId = 0;
  private index = 0;
  private count = 0;
  private leavesLeft = 0;

  constructor(tree: OpenTree) {
    this.tree = tree;
    this.page = new Uint8Array(tree.format.pageBytes);
    this.spare = new Uint8Array(tree.format.pageBytes);
    this.seek();
  }

  /** Moves before the first entry that is not before `key`; without a key, before the first entry. */
  seek(key?: KeyWindow): void {
    const { tree } = this;
    this.leavesLeft = tree.state.lastId;
    this.hasLastKey = false;
    this.pointer.id = tree.state.rootId;
    this.pointer.generation = tree.state.rootGeneration;
    for (let depth = 0; ; depth++) {
      this.load();
      if (isLeaf(this.page)) break;
      if (depth === MAX_DEPTH) throw corruptNode(tree, this.pageId, 'the tree is too deep, its pointers form a cycle');
      const child = key === undefined ? 0 : findChild(tree.format, tree.layout.compare, this.page, key);
      readPointer(tree, this.pageId, this.page, tree.format.childStart(this.page, child), this.pointer);
    }
    this.index = key === undefined ? 0 : findFirstNotBefore(tree.format, tree.layout.compare, this.page, true, key);
  }

  /** Moves to the next entry; false after the last one. */
  next(): boolean {
    while (this.index >= this.count) {
      if (!this.nextLeaf()) return false;
    }
    const { format } = this.tree;
    this.keyStart = format.keyStart(this.page, true, this.index);
    this.keyLength = format.keyLength(this.page, true, this.index);
    this.valueStart = format.valueBytes === 0 ? 0 : format.valueStart(this.page, this.index);
    this.index++;
    return true;
  }

  /** Position of the current entry, for messages. */
  get place(): { file: string; offset: number } {
    return { file: this.tree.file.path, offset: this.pageId * this.tree.format.pageBytes + this.keyStart };
  }

  private nextLeaf(): boolean {
    const { tree, pageId } = this;
    readPointer(tree, pageId, this.page, RIGHT_SIBLING_AT, this.pointer);
    if (this.pointer.id === NO_NODE) return false;
    if (--this.leavesLeft < 0) throw corruptNode(tree, pageId, 'the right siblings form a cycle');
    this.rememberLastKey();
    this.load();
    if (!isLeaf(this.page))
      throw corruptNode(tree, this.pageId, `an internal node is the right sibling of leaf ${pageId}`);
    this.index = 0;
    if (this.hasLastKey && this.count > 0) {
      const order = compareKeyAt(tree.format, tree.layout.compare, this.page, true, 0, this.lastKey);
      if (order <= 0) throw corruptNode(tree, this.pageId, `the first key is not after the keys of leaf ${pageId}`);
    }
    return true;
  }

  /** Keeps the page of the last key seen by swapping the two buffers. */
  private rememberLastKey(): void {
    if (this.count === 0) return;
    const { format } = this.tree;
    this.lastKey.bytes = this.page;
    this.lastKey.start = format.keyStart(this.page, true, this.count - 1);
    this.lastKey.length = format.keyLength(this.page, true, this.count - 1);
    this.hasLastKey = true;
    [this.page, this.spare] = [this.spare, this.page];
  }

  private load(): void {
    this.pageId = this.pointer.id;
    readNode(this.tree, this.pageId, this.pointer.generation, this.page);
    this.count = readKeyCount(this.page);
  }
}
