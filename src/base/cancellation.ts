import { GraphkeepError } from './errors.ts';

/** Throws `cancelled` if the command was interrupted. To be called between the steps of everything long. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError(signal);
}

/** The error of an interrupted command; the reason that was given to `abort()` is kept as its cause. */
export function cancelledError(signal: AbortSignal): GraphkeepError {
  const { reason } = signal;
  if (reason instanceof GraphkeepError && reason.code === 'cancelled') return reason;
  return new GraphkeepError('cancelled', 'the command was interrupted', { cause: reason });
}
