const EMPTY = -1;
const LEAST_SLOTS = 1 << 10;
const SLOT_BYTES = 33;
const LOAD = 0.7;

/** One relationship in one chain: where it stands, found by relationship and side. */
export class SideTable {
  /** Relationship id * 2, + 1 for the end side; {@link EMPTY} where there is nothing. */
  keys: Float64Array;
  /** -2 = first of its chain. */
  prevs: Float64Array;
  nexts: Float64Array;
  nodes: Float64Array;
  private walked: Uint8Array;
  private count = 0;
  private mostSlots: number;

  constructor(budgetBytes: number) {
    this.mostSlots = Math.max(LEAST_SLOTS, 2 ** Math.floor(Math.log2(budgetBytes / 2 / SLOT_BYTES)));
    this.keys = new Float64Array(LEAST_SLOTS).fill(EMPTY);
    this.prevs = new Float64Array(LEAST_SLOTS);
    this.nexts = new Float64Array(LEAST_SLOTS);
    this.nodes = new Float64Array(LEAST_SLOTS);
    this.walked = new Uint8Array(LEAST_SLOTS);
  }

  get slots(): number {
    return this.keys.length;
  }

  /** Lets the table grow beyond the budget, for one chain that is larger. */
  allowMore(): void {
    this.mostSlots *= 2;
  }

  clear(): void {
    this.keys.fill(EMPTY);
    this.walked.fill(0);
    this.count = 0;
  }

  /** False if there is no room for more; keys must not repeat. */
  add(key: number, node: number, prev: number, next: number): boolean {
    if (this.count >= this.slots * LOAD) {
      if (this.slots * 2 > this.mostSlots) return false;
      this.grow();
    }
    const slot = this.slotOf(key);
    this.keys[slot] = key;
    this.nodes[slot] = node;
    this.prevs[slot] = prev;
    this.nexts[slot] = next;
    this.count++;
    return true;
  }

  /** Slot of the side of relationship `id` that is in the chain of `node`, or -1. */
  find(id: number, node: number): number {
    for (const key of [id * 2, id * 2 + 1]) {
      const slot = this.slotOf(key);
      if (this.keys[slot] === key && this.nodes[slot] === node) return slot;
    }
    return -1;
  }

  /** Marks a slot; false if it was marked. */
  walk(slot: number): boolean {
    if (this.walked[slot] !== 0) return false;
    this.walked[slot] = 1;
    return true;
  }

  private slotOf(key: number): number {
    const mask = this.keys.length - 1;
    let slot = Math.imul((key | 0) ^ Math.imul(key / 0x1_0000_0000, 0x61c88647), 0x9e3779b1);
    slot = (slot ^ (slot >>> 15)) & mask;
    while (this.keys[slot] !== EMPTY && this.keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { keys, prevs, nexts, nodes } = this;
    const slots = keys.length * 2;
    this.keys = new Float64Array(slots).fill(EMPTY);
    this.prevs = new Float64Array(slots);
    this.nexts = new Float64Array(slots);
    this.nodes = new Float64Array(slots);
    this.walked = new Uint8Array(slots);
    this.count = 0;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== EMPTY) this.add(keys[i]!, nodes[i]!, prevs[i]!, nexts[i]!);
    }
  }
}
