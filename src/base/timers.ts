import { setTimeout as wait } from 'node:timers/promises';
import { throwIfCancelled } from './cancellation.ts';

/** Longest delay that a timer of Node keeps, 24.8 days: a longer one means "at once" to it, and a setting may ask for years. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** As `setTimeout`, for any delay. All timers of graphkeep are started here, since every limit can be configured. */
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

/** Fulfilled after any delay; throws `cancelled` if the command is interrupted meanwhile. */
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

/** As many rounds of one length as it takes; never shorter in sum than was asked. */
function splitDelay(delayMs: number): { roundMs: number; rounds: number } {
  const finiteMs = Math.min(Math.max(0, delayMs), Number.MAX_SAFE_INTEGER);
  const rounds = Math.max(1, Math.ceil(finiteMs / MAX_DELAY_MS));
  return { roundMs: Math.ceil(finiteMs / rounds), rounds };
}
