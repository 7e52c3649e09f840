import type { ErrorCode } from '../../base/error-codes.ts';
import { type ErrorDetails, GraphkeepError } from '../../base/errors.ts';
import type { CheckParts } from '../findings/check-context.ts';
import type { Finding } from '../findings/finding.ts';

/** The data with which a worker starts. */
export interface WorkerSetup {
  directory: string;
  parts: CheckParts;
  budgetBytes: number;
  gate: SharedArrayBuffer;
}

/** To a worker: run a part, by its index among all parts; or end. */
export type WorkerOrder = { run: number } | { run: 'nothing' };

/** From a worker, about the part it runs. */
export type WorkerMessage =
  | { kind: 'findings'; findings: Finding[] }
  | { kind: 'progress'; phase: string; bytes: number }
  | { kind: 'done' }
  | { kind: 'failed'; error: unknown };

interface PackedError {
  code: ErrorCode;
  message: readonly string[];
  details: ErrorDetails;
}

/** Makes an error sendable: class and own fields do not survive a message port. */
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
