/** A small reproducible source of chance: the same seed gives the same history on every machine. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let h = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    h = (h + Math.imul(h ^ (h >>> 7), 61 | h)) ^ h;
    return ((h ^ (h >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** An integer from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Some of the items, in their order. */
  some<T>(items: readonly T[], probability: number): T[] {
    return items.filter(() => this.chance(probability));
  }
}

/** Gives out the ids of one store: new ones, sometimes far behind the last, and ids that earlier transactions set free. */
export class IdPool {
  private readonly dice: Dice;
  private readonly reuse: boolean;
  private next: number;
  private free: number[] = [];
  private freedNow: number[] = [];

  constructor(dice: Dice, first: number, reuse = true) {
    this.dice = dice;
    this.next = first;
    this.reuse = reuse;
  }

  take(): number {
    if (this.free.length > 0 && this.dice.chance(0.7))
      return this.free.splice(this.dice.below(this.free.length), 1)[0]!;
    // Now and then onto another page of the file, leaving some ids for later.
    if (this.reuse && this.dice.chance(0.02)) {
      this.free.push(this.next, this.next + 1);
      this.next += this.dice.between(2, 700);
    }
    return this.next++;
  }

  /** The id can be taken again by a later transaction, not by the present one. */
  release(id: number): void {
    if (this.reuse) this.freedNow.push(id);
  }

  endTransaction(): void {
    this.free.push(...this.freedNow);
    this.freedNow = [];
  }
}
