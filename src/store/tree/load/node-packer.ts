import { copyInto } from '../page/byte-copy.ts';
import type { NodeFormat } from '../page/node-format.ts';
import { writePointer } from '../page/pointer.ts';
import type { LevelWriter } from './level-writer.ts';

/** Called for every node with its page and its first key; for an internal node, with the separator before its first child. */
export type NodeListener = (id: number, key: Uint8Array, start: number, length: number) => void;

const NO_VALUE: Uint8Array = new Uint8Array(0);

/**
 * Packs a sorted sequence of entries (or of children with the separators before them) into nodes. Buffers little more than two nodes: once
 * there is enough, a full node is written; {@link finish} distributes the rest evenly.
 */
export class NodePacker {
  private readonly writer: LevelWriter;
  private readonly format: NodeFormat;
  private readonly leaf: boolean;
  private readonly generation: number;
  private readonly listener: NodeListener;
  private readonly roomBytes: number;
  /** Keys; in leaves each is followed by its value. */
  private bytes: Uint8Array;
  private used = 0;
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private readonly children: number[] = [];
  /** Room that all buffered entries need. */
  private neededBytes = 0;

  constructor(writer: LevelWriter, format: NodeFormat, leaf: boolean, generation: number, listener: NodeListener) {
    this.writer = writer;
    this.format = format;
    this.leaf = leaf;
    this.generation = generation;
    this.listener = listener;
    this.roomBytes = leaf ? format.leafRoomBytes : format.branchRoomBytes;
    this.bytes = new Uint8Array(4 * format.pageBytes);
  }

  /** Adds a leaf entry. */
  append(key: Uint8Array, start: number, length: number, value = NO_VALUE, valueAt = 0): void {
    this.push(key, start, length);
    copyInto(value, valueAt, this.bytes, this.used, this.format.valueBytes);
    this.used += this.format.valueBytes;
    this.writeFullNodes();
  }

  /** Adds the entries `from` to `to - 1` of an existing leaf. */
  appendRange(page: Uint8Array, from: number, to: number): void {
    const { format } = this;
    for (let i = from; i < to; i++) {
      const valueAt = format.valueBytes === 0 ? 0 : format.valueStart(page, i);
      this.append(page, format.keyStart(page, true, i), format.keyLength(page, true, i), page, valueAt);
    }
  }

  /** Adds a child with the separator before it. The separator of the very first child is only passed to the listener. */
  appendChild(key: Uint8Array, start: number, length: number, id: number): void {
    this.children.push(id);
    this.push(key, start, length);
    this.writeFullNodes();
  }

  /** Number of entries or children not yet written. */
  get waiting(): number {
    return this.starts.length;
  }

  /** Writes the rest: in even parts, or in full nodes where more entries are expected after the last one. */
  finish(parts: 'even' | 'full'): void {
    while (this.waiting > 0) {
      const nodes = Math.ceil(this.neededBytes / this.roomBytes);
      this.writeNode(parts === 'even' && nodes > 1 ? this.neededBytes / nodes : this.roomBytes);
    }
  }

  /** Writes a leaf without entries. */
  writeEmptyLeaf(): void {
    this.writer.begin();
    this.listener(this.writer.finish(0), NO_VALUE, 0, 0);
  }

  private push(key: Uint8Array, start: number, length: number): void {
    const end = this.used + length + this.format.valueBytes;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    copyInto(key, start, this.bytes, this.used, length);
    this.starts.push(this.used);
    this.lengths.push(length);
    this.used += length;
    this.neededBytes += this.cost(length);
  }

  private cost(keyLength: number): number {
    return this.leaf ? this.format.leafEntryBytes(keyLength) : this.format.branchEntryBytes(keyLength);
  }

  private writeFullNodes(): void {
    while (this.neededBytes > 2 * this.roomBytes + this.format.pageBytes) this.writeNode(this.roomBytes);
  }

  /** Writes one node of about `targetBytes`, never more than fits. */
  private writeNode(targetBytes: number): void {
    const count = this.leaf ? this.countForLeaf(targetBytes) : this.countForBranch(targetBytes);
    const page = this.writer.begin();
    if (this.leaf) this.fillLeaf(page, count);
    else this.fillBranch(page, count);
    const id = this.writer.finish(this.leaf ? count : count - 1);
    this.listener(id, this.bytes, this.starts[0]!, this.lengths[0]!);
    this.drop(count);
  }

  private countForLeaf(targetBytes: number): number {
    return this.countWhileFits(1, this.cost(this.lengths[0]!), targetBytes);
  }

  /** An internal node has at least two children. Avoids leaving a single child for the next node where possible. */
  private countForBranch(targetBytes: number): number {
    if (this.waiting === 1) return 1;
    const count = this.countWhileFits(2, this.cost(this.lengths[1]!), targetBytes);
    if (this.waiting - count !== 1) return count;
    let total = 0;
    for (let i = 1; i < this.waiting; i++) total += this.cost(this.lengths[i]!);
    return total <= this.roomBytes ? this.waiting : Math.max(2, count - 1);
  }

  private countWhileFits(count: number, needed: number, targetBytes: number): number {
    let total = needed;
    let n = count;
    for (; n < this.waiting; n++) {
      const cost = this.cost(this.lengths[n]!);
      if (total + cost > this.roomBytes || total + cost / 2 > targetBytes) break;
      total += cost;
    }
    return n;
  }

  private fillLeaf(page: Uint8Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const start = this.starts[i]!;
      const length = this.lengths[i]!;
      this.format.appendLeafEntry(page, i, this.bytes, start, length, this.bytes, start + length);
    }
  }

  private fillBranch(page: Uint8Array, count: number): void {
    for (let i = 0; i < count; i++) {
      if (i > 0) this.format.appendBranchKey(page, i - 1, this.bytes, this.starts[i]!, this.lengths[i]!);
      writePointer(page, this.format.childStart(page, i), this.generation, this.children[i]!);
    }
  }

  private drop(count: number): void {
    for (let i = 0; i < count; i++) this.neededBytes -= this.cost(this.lengths[i]!);
    const from = this.starts[count] ?? this.used;
    this.bytes.copyWithin(0, from, this.used);
    this.used -= from;
    this.starts.splice(0, count);
    this.lengths.splice(0, count);
    this.children.splice(0, count);
    for (let i = 0; i < this.starts.length; i++) this.starts[i]! -= from;
  }
}
