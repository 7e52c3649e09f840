import type { ErrorCode } from './error-codes.ts';
import { type ErrorDetails, GraphkeepError } from './errors.ts';

interface PackedError {
  code: ErrorCode;
  message: readonly string[];
  details: ErrorDetails;
}

/** Makes an error sendable between threads: class and own fields do not survive a message port. */
export function packError(error: unknown): unknown {
  if (!(error instanceof GraphkeepError)) return error;
  const { code, message, place, observed, hint, cause } = error;
  const details: ErrorDetails = { hint };
  if (place !== undefined) details.place = place;
  if (observed !== undefined) details.observed = observed;
  if (cause instanceof Error) details.cause = cause;
  return { code, message: message.split('\n'), details } satisfies PackedError;
}

export function unpackError(packed: unknown): unknown {
  if (packed instanceof Error || typeof packed !== 'object' || packed === null || !('details' in packed)) return packed;
  const { code, message, details } = packed as PackedError;
  return new GraphkeepError(code, message, details);
}
