/** Two 32-bit sums of hashes in each of many buckets: equal multisets of tuples give zeros when one is added and the other subtracted. */
export class BucketSums {
  /** Both sums of a bucket side by side, so that they are in memory together. */
  private readonly sums: Int32Array;
  private readonly mask: number;

  /** `buckets` is a power of two. */
  constructor(buckets: number) {
    this.sums = new Int32Array(buckets * 2);
    this.mask = buckets - 1;
  }

  /** Adds `times` the hash in the bucket of `id`; -1 takes it away. */
  add(id: number, hash: Hash, times: number): void {
    const at = (id & this.mask) * 2;
    this.sums[at]! += Math.imul(hash.a, times);
    this.sums[at + 1]! += Math.imul(hash.b, times);
  }

  /** {@link add} for the two parts of a hash, and an id below 2^31. */
  addParts(id: number, first: number, second: number, times: number): void {
    const at = (id & this.mask) * 2;
    this.sums[at]! += Math.imul(first, times);
    this.sums[at + 1]! += Math.imul(second, times);
  }

  /** Does the bucket of `id` not come out even? */
  has(id: number): boolean {
    const at = (id & this.mask) * 2;
    return this.sums[at] !== 0 || this.sums[at + 1] !== 0;
  }

  isZero(): boolean {
    return this.sums.every((sum) => sum === 0);
  }
}

const HIGH = 2 ** -32;
export const START_FIRST = 0x9e3779b1;
export const START_SECOND = 0x27d4eb2f;

/** Puts the low half of an id into the first part of a hash. */
export function mixFirst(hash: number, low: number): number {
  let a = hash ^ low;
  a = Math.imul(a ^ (a >>> 15), 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return a ^ (a >>> 16);
}

export function mixSecond(hash: number, low: number): number {
  let b = (hash + low) | 0;
  b = Math.imul(b ^ (b >>> 16), 0x7feb352d);
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
  return b ^ (b >>> 16);
}

/**
 * A 2 x 32-bit hash of a tuple of ids, made one id after the other; reused, so that nothing is allocated per tuple.
 *
 *     hash.start(salt).put(from).put(to)
 */
export class Hash {
  a = 0;
  b = 0;

  start(salt: number): this {
    this.a = Math.imul(salt, START_FIRST);
    this.b = Math.imul(salt, START_SECOND);
    return this;
  }

  copy(other: Hash): this {
    this.a = other.a;
    this.b = other.b;
    return this;
  }

  /** Any integer up to 2^53. */
  put(id: number): this {
    const high = (id * HIGH) | 0;
    this.a = mixFirst(this.a ^ Math.imul(high, 0x165667b1), id | 0);
    this.b = mixSecond(this.b + Math.imul(high, 0x61c88647), id | 0);
    return this;
  }
}
