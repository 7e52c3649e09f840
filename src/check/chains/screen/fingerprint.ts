/**
 * Two 32-bit sums of hashes in each of many buckets. A hash has two parts, which {@link mixFirst} and {@link mixSecond} make from the same
 * numbers. Add the hashes of one multiset and subtract those of another: if the two are equal, all sums are zero.
 */
export class BucketSums {
  /** Both sums of a bucket are adjacent, so that they share a cache line. */
  private readonly sums: Int32Array;
  private readonly mask: number;

  /** `buckets` is a power of two. */
  constructor(buckets: number) {
    this.sums = new Int32Array(buckets * 2);
    this.mask = buckets - 1;
  }

  /** Adds a hash `times` times in the bucket of `id`; -1 subtracts it. Only the low 32 bits of `times` count. */
  add(id: number, first: number, second: number, times: number): void {
    const at = (id & this.mask) * 2;
    this.sums[at]! += Math.imul(first, times);
    this.sums[at + 1]! += Math.imul(second, times);
  }

  /** True if one of the sums in the bucket of `id` is not zero. */
  has(id: number): boolean {
    const at = (id & this.mask) * 2;
    return this.sums[at] !== 0 || this.sums[at + 1] !== 0;
  }

  isZero(): boolean {
    return this.sums.every((sum) => sum === 0);
  }
}

const PER_HIGH_UNIT = 2 ** -32;
/** Initial values of the two parts of every hash. */
export const SEED_FIRST = 0x9e3779b1 | 0;
export const SEED_SECOND = 0x27d4eb2f;

/** Mixes an integer of up to 53 bits into the first part of a hash: `mixFirst(mixFirst(SEED_FIRST, from), to)`. */
export function mixFirst(hash: number, id: number): number {
  const low = id | 0;
  let a = hash ^ low;
  if (low !== id) a ^= Math.imul((id - low) * PER_HIGH_UNIT, 0x165667b1);
  a = Math.imul(a ^ (a >>> 15), 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return a ^ (a >>> 16);
}

/** {@link mixFirst} for the second part. */
export function mixSecond(hash: number, id: number): number {
  const low = id | 0;
  let b = (hash + low) | 0;
  if (low !== id) b = (b + Math.imul((id - low) * PER_HIGH_UNIT, 0x61c88647)) | 0;
  b = Math.imul(b ^ (b >>> 16), 0x7feb352d);
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
  return b ^ (b >>> 16);
}
