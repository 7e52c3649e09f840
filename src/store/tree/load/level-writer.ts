import type { NodeFormat } from '../page/node-format.ts';
import { LEFT_SIBLING_AT, RIGHT_SIBLING_AT, writeKeyCount, writeNodeHead } from '../page/node-page.ts';
import type { PageFile } from '../page/page-file.ts';
import { findFreeSlot, NO_NODE, POINTER_BYTES, SLOT_BYTES, writePointer, writeSlot } from '../page/pointer.ts';

/** Where new nodes go; shared by all levels of one load or update. */
export interface NodeTarget {
  readonly file: PageFile;
  readonly format: NodeFormat;
  /** Generation of everything written. */
  readonly generation: number;
  /** The check point that must stay readable; 0 in a new file. */
  readonly stable: number;
  allocate(): number;
  unreadable(pageId: number, at: number): Error;
}

/**
 * Writes the new nodes of one level, left to right, and links them with each other and with the nodes that stay. A node is written once,
 * when its right sibling is known. A node that stays only gets a new value in the spare slot of a sibling pointer.
 *
 * Adjacent old nodes that are all replaced form a *run*: {@link replace} opens or continues it, {@link close} links its end with the old
 * node after it.
 */
export class LevelWriter {
  private readonly target: NodeTarget;
  private readonly leaf: boolean;
  private filling: Uint8Array;
  private spare: Uint8Array;
  /** Complete except for its right sibling; its id is {@link leftId}. */
  private pending: Uint8Array | undefined;
  private leftId = NO_NODE;
  /** The old node to the right of the last replaced one. */
  private nextOldId = NO_NODE;
  private isOpen = false;

  constructor(target: NodeTarget, leaf: boolean) {
    this.target = target;
    this.leaf = leaf;
    this.filling = new Uint8Array(target.format.pageBytes);
    this.spare = new Uint8Array(target.format.pageBytes);
  }

  /** Announces that the nodes that follow replace node `id`, which has these siblings. */
  replace(id: number, leftId: number, rightId: number): void {
    if (!this.isOpen || this.nextOldId !== id) {
      this.close();
      this.isOpen = true;
      this.leftId = leftId;
    }
    this.nextOldId = rightId;
  }

  /** Returns an empty node to fill. */
  begin(): Uint8Array {
    writeNodeHead(this.filling, this.leaf, this.target.generation);
    this.target.format.initialize(this.filling, this.leaf);
    return this.filling;
  }

  /** Accepts the node from {@link begin}; returns its page id. */
  finish(keyCount: number): number {
    const { generation, allocate } = this.target;
    const page = this.filling;
    const id = allocate();
    writeKeyCount(page, keyCount);
    writePointer(page, LEFT_SIBLING_AT, generation, this.leftId);
    this.linkRight(id);
    this.filling = this.spare;
    this.spare = page;
    this.pending = page;
    this.leftId = id;
    return id;
  }

  /** Ends the run: links its last node with the old node after it. */
  close(): void {
    if (!this.isOpen) return;
    this.linkRight(this.nextOldId);
    if (this.nextOldId !== NO_NODE) this.patch(this.nextOldId, LEFT_SIBLING_AT, this.leftId);
    this.pending = undefined;
    this.isOpen = false;
    this.leftId = NO_NODE;
    this.nextOldId = NO_NODE;
  }

  /** Makes `id` the right sibling of the last written node. */
  private linkRight(id: number): void {
    const { file, format, generation } = this.target;
    if (this.pending !== undefined) {
      writePointer(this.pending, RIGHT_SIBLING_AT, generation, id);
      file.write(this.pending, this.leftId * format.pageBytes);
    } else if (this.leftId !== NO_NODE) {
      this.patch(this.leftId, RIGHT_SIBLING_AT, id);
    }
  }

  private readonly pointer = new Uint8Array(POINTER_BYTES);

  /** Points an old node to a new sibling; the check point's value stays in the other slot. */
  private patch(pageId: number, at: number, siblingId: number): void {
    const { file, format, generation, stable } = this.target;
    const position = pageId * format.pageBytes + at;
    file.read(this.pointer, position);
    const slot = findFreeSlot(this.pointer, 0, stable);
    if (slot === -1) throw this.target.unreadable(pageId, at);
    writeSlot(this.pointer, slot, generation, siblingId);
    file.write(this.pointer.subarray(slot, slot + SLOT_BYTES), position + slot);
  }
}
