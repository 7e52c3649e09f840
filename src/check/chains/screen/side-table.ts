const EMPTY = -1;
const LEAST_SLOTS = 1 << 10;
const LOAD = 0.7;
/** Numbers per slot, adjacent so that reading a slot is one memory access. */
const FIELDS = 4;
const KEY = 0;
const NODE = 1;
const PREV = 2;
const NEXT = 3;
const SLOT_BYTES = FIELDS * 8 + 1;

/**
 * Relationships in chains, found by id and node. A relationship has one entry for each of its two nodes, with its neighbours there. Open
 * addressing; both entries of a relationship are near each other.
 */
export class SideTable {
  private fields = emptyFields(LEAST_SLOTS);
  private walked = new Uint8Array(LEAST_SLOTS);
  private count = 0;
  private mostSlots: number;

  constructor(budgetBytes: number) {
    // While the table grows, the old one exists too.
    this.mostSlots = Math.max(LEAST_SLOTS, 2 ** Math.floor(Math.log2((budgetBytes * 2) / 3 / SLOT_BYTES)));
  }

  get slots(): number {
    return this.walked.length;
  }

  /** Number of entries within the budget. */
  get capacity(): number {
    return Math.floor(this.mostSlots * LOAD);
  }

  /** Lets the table grow beyond the budget, for a single larger chain. */
  allowMore(): void {
    this.mostSlots *= 2;
  }

  clear(): void {
    this.fields.fill(EMPTY);
    this.walked.fill(0);
    this.count = 0;
  }

  /** Adds an entry; false if there is no room. An id may occur once for each of its nodes. */
  add(id: number, node: number, prev: number, next: number): boolean {
    if (this.count >= this.slots * LOAD) {
      if (this.slots * 2 > this.mostSlots) return false;
      this.grow();
    }
    let slot = this.home(id);
    while (this.fields[slot * FIELDS + KEY] !== EMPTY) slot = (slot + 1) & (this.slots - 1);
    const at = slot * FIELDS;
    this.fields[at + KEY] = id;
    this.fields[at + NODE] = node;
    this.fields[at + PREV] = prev;
    this.fields[at + NEXT] = next;
    this.count++;
    return true;
  }

  /** Slot of relationship `id` in the chain of `node`, or -1. */
  find(id: number, node: number): number {
    const { fields } = this;
    for (let slot = this.home(id); ; slot = (slot + 1) & (this.slots - 1)) {
      const key = fields[slot * FIELDS + KEY]!;
      if (key === EMPTY) return -1;
      if (key === id && fields[slot * FIELDS + NODE] === node) return slot;
    }
  }

  /** Id in a slot; negative if the slot is empty. */
  id(slot: number): number {
    return this.fields[slot * FIELDS + KEY]!;
  }

  node(slot: number): number {
    return this.fields[slot * FIELDS + NODE]!;
  }

  prev(slot: number): number {
    return this.fields[slot * FIELDS + PREV]!;
  }

  next(slot: number): number {
    return this.fields[slot * FIELDS + NEXT]!;
  }

  /** Marks a slot; false if it was already marked. */
  walk(slot: number): boolean {
    if (this.walked[slot] !== 0) return false;
    this.walked[slot] = 1;
    return true;
  }

  private home(id: number): number {
    const hash = Math.imul((id | 0) ^ Math.imul(id / 0x1_0000_0000, 0x61c88647), 0x9e3779b1);
    return (hash ^ (hash >>> 15)) & (this.slots - 1);
  }

  private grow(): void {
    const old = this.fields;
    const slots = this.slots * 2;
    this.fields = emptyFields(slots);
    this.walked = new Uint8Array(slots);
    this.count = 0;
    for (let at = 0; at < old.length; at += FIELDS) {
      if (old[at] !== EMPTY) this.add(old[at + KEY]!, old[at + NODE]!, old[at + PREV]!, old[at + NEXT]!);
    }
  }
}

function emptyFields(slots: number): Float64Array {
  return new Float64Array(slots * FIELDS).fill(EMPTY);
}
