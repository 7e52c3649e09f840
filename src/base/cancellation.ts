import { GraphkeepError } from './errors.ts';

/** Throws `cancelled` if the command was interrupted. Call it between the steps of anything long. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError(signal);
}

/** The error of an interrupted command. Its cause is the reason given to `abort()`. */
export function cancelledError(signal: AbortSignal): GraphkeepError {
  const { reason } = signal;
  if (reason instanceof GraphkeepError && reason.code === 'cancelled') return reason;
  return new GraphkeepError('cancelled', 'the command was interrupted', { cause: reason });
}
