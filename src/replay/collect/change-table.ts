import { type ImageLocation, NO_IMAGE } from './image-location.ts';

const MAX_LOAD = 0.65;
const EMPTY = -1;
const INITIAL_CAPACITY = 128;
/** Id, first before-image, last after-image. */
const BYTES_PER_SLOT = 24;

/**
 * Net changes of one record space: for every touched record id, the location of its first before-image and of its last after-image in the
 * log. Open addressing over typed arrays: 24 bytes per slot, no object per record.
 */
export class ChangeTable {
  private ids = new Float64Array(INITIAL_CAPACITY).fill(EMPTY);
  private first = new Float64Array(INITIAL_CAPACITY);
  private last = new Float64Array(INITIAL_CAPACITY);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get sizeBytes(): number {
    return this.ids.length * BYTES_PER_SLOT;
  }

  /** Notes a before-image. Keeps only the first one of a record, and only if no after-image came before it. */
  noteBefore(id: number, image: ImageLocation): void {
    const slot = this.slotOf(id);
    if (this.first[slot] === NO_IMAGE && this.last[slot] === NO_IMAGE) this.first[slot] = image;
  }

  /** Notes an after-image; the last one wins. */
  noteAfter(id: number, image: ImageLocation): void {
    // Get the slot first: making room for it replaces the arrays.
    const slot = this.slotOf(id);
    this.last[slot] = image;
  }

  has(id: number): boolean {
    return this.ids[this.find(id)] === id;
  }

  /** Location of the first before-image of `id`, or {@link NO_IMAGE}. */
  firstBefore(id: number): ImageLocation {
    const slot = this.find(id);
    return this.ids[slot] === id ? (this.first[slot] as ImageLocation) : NO_IMAGE;
  }

  lastAfter(id: number): ImageLocation {
    const slot = this.find(id);
    return this.ids[slot] === id ? (this.last[slot] as ImageLocation) : NO_IMAGE;
  }

  /** All touched ids, ascending. */
  sortedIds(): Float64Array {
    const ids = new Float64Array(this.count);
    let n = 0;
    for (const id of this.ids) if (id !== EMPTY) ids[n++] = id;
    return ids.sort();
  }

  clear(): void {
    this.ids = new Float64Array(INITIAL_CAPACITY).fill(EMPTY);
    this.first = new Float64Array(INITIAL_CAPACITY);
    this.last = new Float64Array(INITIAL_CAPACITY);
    this.count = 0;
  }

  private slotOf(id: number): number {
    const slot = this.find(id);
    if (this.ids[slot] === id) return slot;
    if (this.count + 1 > this.ids.length * MAX_LOAD) {
      this.grow();
      return this.slotOf(id);
    }
    this.ids[slot] = id;
    this.count++;
    return slot;
  }

  /** The slot of `id`, or the free slot for it. */
  private find(id: number): number {
    const mask = this.ids.length - 1;
    let slot = hashOf(id) & mask;
    while (this.ids[slot] !== id && this.ids[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { ids, first, last } = this;
    const capacity = ids.length * 2;
    this.ids = new Float64Array(capacity).fill(EMPTY);
    this.first = new Float64Array(capacity);
    this.last = new Float64Array(capacity);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id === EMPTY) continue;
      const slot = this.find(id);
      this.ids[slot] = id;
      this.first[slot] = first[i]!;
      this.last[slot] = last[i]!;
    }
  }
}

/** Mixes low and high bits: ids are often consecutive, sometimes far apart. */
function hashOf(id: number): number {
  const low = id | 0;
  const high = (id / 0x1_0000_0000) | 0;
  let h = low ^ Math.imul(high, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
