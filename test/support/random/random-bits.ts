import type { Dice } from '../../../src/base/dice.ts';

/** Any pattern of 64 bits. */
export function randomBits(dice: Dice): bigint {
  return (BigInt(dice.below(2 ** 32)) << 32n) | BigInt(dice.below(2 ** 32));
}
