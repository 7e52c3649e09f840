/**
 * Two 32-bit sums of hashes in each of many buckets. A hash has two parts, made by {@link mixFirst} and {@link mixSecond} from the same
 * numbers. Of two multisets add the hashes of one and take away those of the other: if they are equal, all sums are zero.
 */
export class BucketSums {
  /** Both sums of a bucket side by side, so that they are in memory together. */
  private readonly sums: Int32Array;
  private readonly mask: number;

  /** `buckets` is a power of two. */
  constructor(buckets: number) {
    this.sums = new Int32Array(buckets * 2);
    this.mask = buckets - 1;
  }

  /** Adds `times` a hash in the bucket of `id`; -1 takes it away. Only the low 32 bits of `times` count. */
  add(id: number, first: number, second: number, times: number): void {
    const at = (id & this.mask) * 2;
    this.sums[at]! += Math.imul(first, times);
    this.sums[at + 1]! += Math.imul(second, times);
  }

  /** Is one of the sums of the bucket of `id` not zero? */
  has(id: number): boolean {
    const at = (id & this.mask) * 2;
    return this.sums[at] !== 0 || this.sums[at + 1] !== 0;
  }

  isZero(): boolean {
    return this.sums.every((sum) => sum === 0);
  }
}

const PER_HIGH_UNIT = 2 ** -32;
/** What the first and the second part of every hash begin with. */
export const SEED_FIRST = 0x9e3779b1 | 0;
export const SEED_SECOND = 0x27d4eb2f;

/** Puts an integer of up to 53 bits into the first part of a hash: `mixFirst(mixFirst(SEED_FIRST, from), to)`. */
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
