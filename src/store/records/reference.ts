import { GraphkeepError } from '../../base/errors.ts';

/**
 * Fixed-width references: the low 32 bits have their own field, the high bits are elsewhere in the record (spec record-stores 5). `high ==
 * 0 && low == 0xFFFFFFFF` means "points to nothing", so the id 0xFFFFFFFF is never allocated.
 */
const TWO_32 = 0x1_0000_0000;
const ALL_ONES = 0xffff_ffff;

export function joinReference(high: number, low: number): number {
  return high === 0 && low === ALL_ONES ? -1 : high * TWO_32 + low;
}

/**
 * High bits of a reference (0 for "nothing"), checked against the largest value that fits. The low bits need no function: `writeU32` keeps
 * exactly those, and turns -1 into all ones.
 */
export function highBits(reference: number, largest: number): number {
  const high = Math.floor(reference / TWO_32);
  if (reference === -1) return 0;
  if (high > largest || high < 0 || reference === ALL_ONES) throw referenceOutOfRange(reference);
  return high;
}

/** True if a reference fits into 32 + `bits` bits; "nothing" always does. */
export function fitsHighBits(reference: number, bits: number): boolean {
  return reference < TWO_32 * (1 << bits) && reference !== ALL_ONES;
}

export function referenceOutOfRange(reference: number): GraphkeepError {
  return new GraphkeepError('store.corrupt', 'a reference does not fit into the record format of the store', {
    observed: reference,
  });
}
