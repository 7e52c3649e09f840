import { randomFillSync } from 'node:crypto';
import type { StartEntry } from '../../log/v3/entries/start-entry.ts';

/** Start entries of a standalone server have this many random bytes, and these two ids (spec transaction-logs 2). */
const HEADER_BYTES = 8;
const STANDALONE = -1;

const randomPool = Buffer.alloc(4096);
let randomUsed = randomPool.length;

/** Makes the start entry of a transaction. */
export function makeStartEntry(timeStarted: number, latestCommittedWhenStarted: number): StartEntry {
  if (randomUsed + HEADER_BYTES > randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  const header = Uint8Array.from(randomPool.subarray(randomUsed, randomUsed + HEADER_BYTES));
  randomUsed += HEADER_BYTES;
  return { masterId: STANDALONE, authorId: STANDALONE, timeStarted, latestCommittedWhenStarted, header };
}
