const SLOTS = 1 << 10;

/**
 * Caches results about label fields of nodes, since most nodes of a store share a few fields. Direct-mapped; allocates nothing per node.
 */
export class LabelFieldCache<T> {
  private readonly fields = new Float64Array(SLOTS).fill(-1);
  private readonly results: T[] = [];
  private readonly find: (labelField: number) => T;

  constructor(find: (labelField: number) => T) {
    this.find = find;
  }

  get(labelField: number): T {
    const slot = (labelField ^ (labelField >>> 10) ^ (labelField / 0x1_0000_0000)) & (SLOTS - 1);
    if (this.fields[slot] !== labelField) {
      this.results[slot] = this.find(labelField);
      this.fields[slot] = labelField;
    }
    return this.results[slot]!;
  }
}
