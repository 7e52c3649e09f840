import { describeError } from '../../base/errors.ts';
import type { UnwrittenMark } from '../../repository/marks/mark-store.ts';

/** A result that could not be recorded in the repository. */
export function describeUnwritten({ base, error }: UnwrittenMark): string {
  return `The result could not be recorded at the full backup ${base}: ${describeError(error)}`;
}
