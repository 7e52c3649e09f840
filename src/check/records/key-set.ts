const SMALL = 32;

/** The property keys of one chain, cleared for the next; a plain list while they are few. */
export class KeySet {
  private readonly few = new Int32Array(SMALL);
  private readonly many = new Set<number>();
  private count = 0;

  clear(): void {
    if (this.count > SMALL) this.many.clear();
    this.count = 0;
  }

  /** Adds a key; false if it was there already. */
  add(key: number): boolean {
    const { few, count } = this;
    for (let i = 0; i < count && i < SMALL; i++) if (few[i] === key) return false;
    if (count >= SMALL && this.many.has(key)) return false;
    if (count < SMALL) few[count] = key;
    else this.many.add(key);
    this.count++;
    return true;
  }
}
