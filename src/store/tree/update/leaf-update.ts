import { LevelWriter } from '../load/level-writer.ts';
import { NodePacker } from '../load/node-packer.ts';
import { LEFT_SIBLING_AT, RIGHT_SIBLING_AT, readKeyCount } from '../page/node-page.ts';
import { compareKeyAt, findFirstNotBefore, type KeyWindow } from '../read/search.ts';
import { corruptNode, readPointer } from '../read/tree-file.ts';
import type { TreeChange } from './tree-change.ts';
import { isBelow, Replacement, type UpdateContext } from './update-context.ts';

const CHANGES_PER_PAGE = 64;

/** Merges changes into leaves. A leaf without changes is only read; any other is rewritten as one or more leaves. */
export class LeafUpdate {
  private readonly context: UpdateContext;
  private readonly writer: LevelWriter;
  private readonly packer: NodePacker;
  private replacement = new Replacement();
  private changes = 0;
  /** Value of the current entry after the change. */
  private readonly value: Uint8Array;

  constructor(context: UpdateContext) {
    const { format, generation } = context.target;
    this.context = context;
    this.writer = new LevelWriter(context.target, true);
    this.packer = new NodePacker(this.writer, format, true, generation, (id, key, start, length) =>
      this.replacement.add(id, key, start, length),
    );
    this.value = new Uint8Array(format.valueBytes);
  }

  close(): void {
    this.writer.close();
  }

  /**
   * Applies the changes below `upper` to leaf `id`. Undefined = nothing changed. A leaf that lost its last entry disappears if allowed,
   * else stays empty.
   */
  async update(
    id: number,
    page: Uint8Array,
    upper: KeyWindow | undefined,
    mayVanish: boolean,
  ): Promise<Replacement | undefined> {
    const { tree, queue, writing, pulse } = this.context;
    const { format, layout } = tree;
    const count = readKeyCount(page);
    if (upper !== undefined && count > 0 && compareKeyAt(format, layout.compare, page, true, count - 1, upper) >= 0) {
      throw corruptNode(tree, id, 'the last key is after the range of the node');
    }
    let copied = 0;
    let hasChanged = false;
    for (let position = 0; queue.current !== undefined && isBelow(tree, queue.key, upper); queue.advance()) {
      // One leaf may receive any number of additions; about a page of them counts as one turn.
      if (++this.changes % CHANGES_PER_PAGE === 0) await pulse.tick();
      position = findFirstNotBefore(format, layout.compare, page, true, queue.key, position);
      const exists = position < count && compareKeyAt(format, layout.compare, page, true, position, queue.key) === 0;
      const effect = this.judge(queue.current, page, exists ? position : -1);
      if (effect === 'none') continue;
      if (!hasChanged) {
        await writing.begin();
        this.open(id, page);
        hasChanged = true;
      }
      this.packer.appendRange(page, copied, position);
      if (exists) position++;
      copied = position;
      if (effect === 'put') this.packer.append(queue.current.key, 0, queue.current.key.length, this.value, 0);
    }
    if (!hasChanged) return undefined;
    this.packer.appendRange(page, copied, count);
    return this.complete(id, upper, mayVanish);
  }

  private open(id: number, page: Uint8Array): void {
    const pointer = { id: 0, generation: 0 };
    const { tree } = this.context;
    const leftId = readPointer(tree, id, page, LEFT_SIBLING_AT, pointer).id;
    const rightId = readPointer(tree, id, page, RIGHT_SIBLING_AT, pointer).id;
    this.replacement = new Replacement();
    this.writer.replace(id, leftId, rightId);
  }

  private complete(id: number, upper: KeyWindow | undefined, mayVanish: boolean): Replacement {
    if (this.packer.waiting === 0 && this.replacement.ids.length === 0 && !mayVanish) this.packer.writeEmptyLeaf();
    // Only greater keys can follow the last leaf, so fill leaves completely, as suits a growing index.
    this.packer.finish(upper === undefined ? 'full' : 'even');
    this.context.writing.freeList.release(id);
    return this.replacement;
  }

  /** Decides what a change does to entry `index` (-1 = missing), and puts the new value into {@link value}. */
  private judge(change: TreeChange, page: Uint8Array, index: number): 'none' | 'put' | 'remove' {
    const { result } = this.context;
    const exists = index !== -1;
    if (change.kind === 'remove') {
      if (exists) result.removed++;
      return exists ? 'remove' : 'none';
    }
    if (change.kind === 'ensure') {
      if (exists) return 'none';
      this.value.fill(0);
      result.added++;
      return 'put';
    }
    const isEmpty = change.kind === 'add' ? this.takeValue(change.value) : this.maskValue(change, page, index);
    if (isEmpty && !exists) return 'none';
    if (isEmpty) {
      result.removed++;
      return 'remove';
    }
    if (!exists) {
      result.added++;
      return 'put';
    }
    if (this.isSameEntry(change.key, page, index)) return 'none';
    result.replaced++;
    return 'put';
  }

  /** Copies the value. Returns whether the entry must be removed: never. */
  private takeValue(value: Uint8Array | undefined): boolean {
    if (value !== undefined) this.value.set(value);
    return false;
  }

  /** Applies the mask. Returns whether the entry must be removed: if no bit is left. */
  private maskValue(change: TreeChange & { kind: 'mask' }, page: Uint8Array, index: number): boolean {
    const { format } = this.context.tree;
    const at = index === -1 ? -1 : format.valueStart(page, index);
    let bits = 0;
    for (let i = 0; i < this.value.length; i++) {
      const old = at === -1 ? 0 : page[at + i]!;
      this.value[i] = (old & ~change.clear[i]!) | change.set[i]!;
      bits |= this.value[i]!;
    }
    return bits === 0;
  }

  /** Equal keys may differ in bytes: 1 and 1.0 of the same entity. */
  private isSameEntry(key: Uint8Array, page: Uint8Array, index: number): boolean {
    const { format } = this.context.tree;
    if (format.keyLength(page, true, index) !== key.length) return false;
    const keyAt = format.keyStart(page, true, index);
    for (let i = 0; i < key.length; i++) if (page[keyAt + i] !== key[i]) return false;
    const valueAt = format.valueBytes === 0 ? 0 : format.valueStart(page, index);
    for (let i = 0; i < format.valueBytes; i++) if (page[valueAt + i] !== this.value[i]) return false;
    return true;
  }
}
