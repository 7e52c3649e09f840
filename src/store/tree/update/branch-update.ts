import { LevelWriter, type NodeTarget } from '../load/level-writer.ts';
import { NodePacker } from '../load/node-packer.ts';
import { isLeaf, LEFT_SIBLING_AT, RIGHT_SIBLING_AT, readKeyCount } from '../page/node-page.ts';
import { findFreeSlot, hasNewerSlot, writeSlot } from '../page/pointer.ts';
import type { Pulse } from '../page/pulse.ts';
import { findChild, type KeyWindow } from '../read/search.ts';
import { corruptNode, MAX_DEPTH, type OpenTree, readNode, readPointer } from '../read/tree-file.ts';
import { LeafUpdate } from './leaf-update.ts';
import type { ChangeQueue } from './tree-change.ts';
import type { TreeWriting } from './tree-writing.ts';
import { isBelow, Replacement, type TreeUpdateResult, type UpdateContext } from './update-context.ts';

const NO_KEY: Uint8Array = new Uint8Array(0);

/**
 * Applies the changes down the tree in one pass from left to right. Each node is read once, and written once if it changes. An internal
 * node whose children are only replaced one for one keeps its page; one that gets more or fewer children is replaced itself.
 */
export class BranchUpdate {
  readonly result: TreeUpdateResult = { added: 0, removed: 0, replaced: 0 };
  private readonly context: UpdateContext;
  private readonly leaves: LeafUpdate;
  private readonly pages: Uint8Array[] = [];
  private readonly writers: LevelWriter[] = [];

  constructor(tree: OpenTree, queue: ChangeQueue, writing: TreeWriting, pulse: Pulse) {
    const target: NodeTarget = {
      file: tree.file,
      format: tree.format,
      generation: writing.generation,
      stable: tree.state.stable,
      allocate: () => writing.freeList.allocate(),
      unreadable: (pageId, at) => corruptNode(tree, pageId, 'a pointer is unreadable', at),
    };
    this.context = { tree, queue, writing, target, result: this.result, pulse };
    this.leaves = new LeafUpdate(this.context);
  }

  /** Applies all changes; returns the root. */
  async run(): Promise<number> {
    const { tree, queue } = this.context;
    const { rootId, rootGeneration } = tree.state;
    if (queue.current === undefined) return rootId;
    const replacement = await this.update(rootId, rootGeneration, 0, undefined, false);
    this.leaves.close();
    for (const writer of this.writers) writer?.close();
    return replacement === undefined ? rootId : this.growRoot(replacement);
  }

  /** Applies the changes below `upper` to node `id`; undefined = the node keeps its page. */
  private async update(
    id: number,
    generation: number,
    depth: number,
    upper: KeyWindow | undefined,
    mayVanish: boolean,
  ): Promise<Replacement | undefined> {
    const { tree, pulse } = this.context;
    this.pages[depth] ??= new Uint8Array(tree.format.pageBytes);
    const page = this.pages[depth];
    if (depth > MAX_DEPTH) throw corruptNode(tree, id, 'the tree is too deep, its pointers form a cycle');
    await pulse.tick();
    readNode(tree, id, generation, page);
    this.requireNoNewerPointers(id, page);
    if (isLeaf(page)) return this.leaves.update(id, page, upper, mayVanish);
    const children = await this.updateChildren(id, page, depth, upper);
    if (children.size === 0) return undefined;
    for (const child of children.values()) {
      if (child.ids.length !== 1) return this.replaceBranch(id, page, depth, children);
    }
    this.patchChildren(id, page, children);
    return undefined;
  }

  /** A slot newer than the check point would become valid with our generation. A scrubbed or closed tree has none. */
  private requireNoNewerPointers(id: number, page: Uint8Array): void {
    const { format, state } = this.context.tree;
    const check = (at: number) => {
      if (hasNewerSlot(page, at, state.stable))
        throw corruptNode(this.context.tree, id, 'a pointer of a crash is left', at);
    };
    check(RIGHT_SIBLING_AT);
    check(LEFT_SIBLING_AT);
    if (isLeaf(page)) return;
    for (let i = readKeyCount(page); i >= 0; i--) check(format.childStart(page, i));
  }

  /** Applies the changes to the children they belong to; returns the replacements of those that changed. */
  private async updateChildren(
    id: number,
    page: Uint8Array,
    depth: number,
    upper: KeyWindow | undefined,
  ): Promise<Map<number, Replacement>> {
    const { tree, queue } = this.context;
    const { format, layout } = tree;
    const count = readKeyCount(page);
    const children = new Map<number, Replacement>();
    let childCount = count + 1;
    const child = { id: 0, generation: 0 };
    for (let index = 0; queue.current !== undefined && isBelow(tree, queue.key, upper); index++) {
      index = findChild(format, layout.compare, page, queue.key, index);
      const childUpper = index === count ? upper : keyWindow(tree, page, index);
      readPointer(tree, id, page, format.childStart(page, index), child);
      // Avoids a node with a single child and no key: the last two children stay, even if empty.
      const replacement = await this.update(child.id, child.generation, depth + 1, childUpper, childCount > 2);
      if (replacement === undefined) continue;
      children.set(index, replacement);
      childCount += replacement.ids.length - 1;
    }
    return children;
  }

  /** Points the node to the new children, using the slots that the last check point does not use. */
  private patchChildren(id: number, page: Uint8Array, children: Map<number, Replacement>): void {
    const { tree, writing } = this.context;
    for (const [index, child] of children) {
      const slot = findFreeSlot(page, tree.format.childStart(page, index), tree.state.stable);
      if (slot === -1) throw corruptNode(tree, id, 'a pointer is unreadable', tree.format.childStart(page, index));
      writeSlot(page, slot, writing.generation, child.ids[0]!);
    }
    tree.file.write(page, id * tree.format.pageBytes);
  }

  private replaceBranch(id: number, page: Uint8Array, depth: number, children: Map<number, Replacement>): Replacement {
    const { tree, target, writing } = this.context;
    const { format } = tree;
    this.writers[depth] ??= new LevelWriter(target, false);
    const writer = this.writers[depth];
    const pointer = { id: 0, generation: 0 };
    const leftId = readPointer(tree, id, page, LEFT_SIBLING_AT, pointer).id;
    const rightId = readPointer(tree, id, page, RIGHT_SIBLING_AT, pointer).id;
    writer.replace(id, leftId, rightId);
    const result = new Replacement();
    const packer = this.createPacker(writer, result);
    for (let i = 0; i <= readKeyCount(page); i++) {
      const start = i === 0 ? 0 : format.keyStart(page, false, i - 1);
      const length = i === 0 ? 0 : format.keyLength(page, false, i - 1);
      const child = children.get(i);
      if (child === undefined) {
        readPointer(tree, id, page, format.childStart(page, i), pointer);
        packer.appendChild(page, start, length, pointer.id);
        continue;
      }
      for (let j = 0; j < child.ids.length; j++) {
        const separator = child.separators[j]!;
        if (j === 0) packer.appendChild(page, start, length, child.ids[0]!);
        else packer.appendChild(separator, 0, separator.length, child.ids[j]!);
      }
    }
    packer.finish('even');
    writing.freeList.release(id);
    return result;
  }

  private createPacker(writer: LevelWriter, result: Replacement): NodePacker {
    const { target } = this.context;
    return new NodePacker(writer, target.format, false, target.generation, (id, key, start, length) =>
      result.add(id, key, start, length),
    );
  }

  /** Adds levels above the old root until one node is left. */
  private growRoot(nodes: Replacement): number {
    let top = nodes;
    while (top.ids.length > 1) {
      const writer = new LevelWriter(this.context.target, false);
      writer.replace(0, 0, 0);
      const level = new Replacement();
      const packer = this.createPacker(writer, level);
      top.ids.forEach((id, i) => {
        const separator = top.separators[i] ?? NO_KEY;
        packer.appendChild(separator, 0, separator.length, id);
      });
      packer.finish('even');
      writer.close();
      top = level;
    }
    return top.ids[0]!;
  }
}

function keyWindow(tree: OpenTree, page: Uint8Array, index: number): KeyWindow {
  return {
    bytes: page,
    start: tree.format.keyStart(page, false, index),
    length: tree.format.keyLength(page, false, index),
  };
}
