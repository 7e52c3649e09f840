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

/**
 * A 2 x 32-bit hash of a tuple of ids, made one id after the other; reused, so that nothing is allocated per tuple.
 *
 *     hash.start(salt).put(from).put(to)
 */
export class Hash {
  a = 0;
  b = 0;

  start(salt: number): this {
    this.a = Math.imul(salt, 0x9e3779b1) | 0;
    this.b = Math.imul(salt, 0x27d4eb2f) | 0;
    return this;
  }

  copy(other: Hash): this {
    this.a = other.a;
    this.b = other.b;
    return this;
  }

  /** Any integer up to 2^53. */
  put(id: number): this {
    const low = id | 0;
    const high = (id * HIGH) | 0;
    let a = this.a ^ low ^ Math.imul(high, 0x165667b1);
    a = Math.imul(a ^ (a >>> 15), 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    this.a = a ^ (a >>> 16);
    let b = (this.b + low) ^ Math.imul(high, 0x61c88647);
    b = Math.imul(b ^ (b >>> 16), 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    this.b = b ^ (b >>> 16);
    return this;
  }
}
