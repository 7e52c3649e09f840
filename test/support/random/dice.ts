import type { Dice } from '../../../src/base/dice.ts';

export { Dice } from '../../../src/base/dice.ts';

/** Allocates the ids of one store: new ones, sometimes far beyond the last, and ids that earlier transactions freed. */
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
    // Now and then on another page of the file, leaving some ids for later.
    if (this.reuse && this.dice.chance(0.02)) {
      this.free.push(this.next, this.next + 1);
      this.next += this.dice.between(2, 700);
    }
    return this.next++;
  }

  /** A later transaction may reuse the id, but not the current one. */
  release(id: number): void {
    if (this.reuse) this.freedNow.push(id);
  }

  endTransaction(): void {
    this.free.push(...this.freedNow);
    this.freedNow = [];
  }
}
