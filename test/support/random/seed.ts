/*
 * All random tests start from one number: GRAPHKEEP_SEED if it is set, so that a run can be repeated; otherwise a new one in every process.
 * CI derives it from the commit: a repeated run of the same commit does the same, the next commit something else. Each test prints its
 * seed. (Threads, processes and sockets remain nondeterministic.)
 */

/** True if the seed was given. */
export const isSeeded = process.env.GRAPHKEEP_SEED !== undefined;

/** From 0 to 2^31 - 1. */
export const SEED = isSeeded ? Number(process.env.GRAPHKEEP_SEED) : Math.floor(Math.random() * 2 ** 31);

if (!Number.isInteger(SEED) || SEED < 0 || SEED >= 2 ** 31) {
  throw new RangeError(`GRAPHKEEP_SEED is not a number from 0 to ${2 ** 31 - 1}: ${process.env.GRAPHKEEP_SEED}`);
}

let given = 0;

/** A new seed for each caller in this process; the initial seed is printed. */
export function nextSeed(): number {
  if (given === 0) console.log(`GRAPHKEEP_SEED=${SEED}`);
  return (SEED + given++ * 7919) % 2 ** 31;
}

/** Begins again, so that a file of tests gets the same seeds alone and after others in one process. */
export function restartSeeds(): void {
  given = 0;
}
