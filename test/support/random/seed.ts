/*
 * All random tests begin with one number: GRAPHKEEP_SEED if it is set, so that a run can be repeated, or else another one in every process.
 * CI sets it to a number of the commit: the next run of the same commit does the same, the next commit something else. Each test prints its
 * seed. (Threads, processes and sockets are as random as ever.)
 */

/** True if the run is told where to begin. */
export const isSeeded = process.env.GRAPHKEEP_SEED !== undefined;

/** From 0 to 2^31 - 1. */
export const SEED = isSeeded ? Number(process.env.GRAPHKEEP_SEED) : Math.floor(Math.random() * 2 ** 31);

if (!Number.isInteger(SEED) || SEED < 0 || SEED >= 2 ** 31) {
  throw new RangeError(`GRAPHKEEP_SEED is not a number from 0 to ${2 ** 31 - 1}: ${process.env.GRAPHKEEP_SEED}`);
}

let given = 0;

/** A seed for each caller of this process; what they begin with is printed. */
export function nextSeed(): number {
  if (given === 0) console.log(`GRAPHKEEP_SEED=${SEED}`);
  return (SEED + given++ * 7919) % 2 ** 31;
}
