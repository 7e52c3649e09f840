import { setTimeout as wait } from 'node:timers/promises';
import { throwIfCancelled } from './cancellation.ts';

/** Longest delay of a Node timer, 24.8 days. Node treats a longer one as "at once", and a setting may ask for years. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** `setTimeout` for any delay. All timers of graphkeep start here, since every limit can be configured. */
export function startTimer(action: () => void, delayMs: number): NodeJS.Timeout {
  const { roundMs, rounds } = splitDelay(delayMs);
  let left = rounds;
  const timer = setTimeout(() => {
    left--;
    if (left > 0) timer.refresh();
    else action();
  }, roundMs);
  return timer;
}

/** Resolves after any delay; throws `cancelled` if the command is interrupted meanwhile. */
export async function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  const { roundMs, rounds } = splitDelay(delayMs);
  for (let round = 0; round < rounds; round++) {
    throwIfCancelled(signal);
    await wait(roundMs, undefined, { signal }).catch((error: unknown) => {
      throwIfCancelled(signal);
      throw error;
    });
  }
}

/** Splits a delay into equal rounds that Node can handle; their sum is never shorter than requested. */
function splitDelay(delayMs: number): { roundMs: number; rounds: number } {
  const finiteMs = Math.min(Math.max(0, delayMs), Number.MAX_SAFE_INTEGER);
  const rounds = Math.max(1, Math.ceil(finiteMs / MAX_DELAY_MS));
  return { roundMs: Math.ceil(finiteMs / rounds), rounds };
}
