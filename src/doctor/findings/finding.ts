import { describeError, type GraphkeepError } from '../../base/errors.ts';
import type { DoctorCheck } from './doctor-checks.ts';

/**
 * - `ok`: as it should be
 * - `warn`: a backup succeeds, but not always, or later, or as a full one
 * - `fail`: the next backup fails
 * - `unknown`: it cannot be seen from here
 */
export type DoctorLevel = 'ok' | 'warn' | 'fail' | 'unknown';

/** What a finding is about, where there may be several. */
export interface FindingSubject {
  /** A database of a server of 4.2 or later, by its name. */
  database?: string;
  /** A repository, by its address. */
  repository?: string;
}

/** What one check has seen. */
export interface DoctorFinding extends FindingSubject {
  check: DoctorCheck;
  level: DoctorLevel;
  /** What was seen, for people. */
  observed: string;
  /** What to do; always with `warn` and `fail`. */
  remedy?: string;
  /** What was measured: whole numbers, with the unit in the name. */
  numbers?: Numbers;
}

type Numbers = Readonly<Record<string, number>>;

export function inOrder(check: DoctorCheck, observed: string, numbers?: Numbers): DoctorFinding {
  return { check, level: 'ok', observed, ...measured(numbers) };
}

export function warning(check: DoctorCheck, observed: string, remedy: string, numbers?: Numbers): DoctorFinding {
  return { check, level: 'warn', observed, remedy, ...measured(numbers) };
}

export function failure(check: DoctorCheck, observed: string, remedy: string, numbers?: Numbers): DoctorFinding {
  return { check, level: 'fail', observed, remedy, ...measured(numbers) };
}

export function unseen(check: DoctorCheck, observed: string, remedy?: string, numbers?: Numbers): DoctorFinding {
  return { check, level: 'unknown', observed, ...(remedy === undefined ? {} : { remedy }), ...measured(numbers) };
}

/** The error with which a backup would end. */
export function failureOf(check: DoctorCheck, error: GraphkeepError): DoctorFinding {
  return failure(check, describeError(error), error.hint);
}

/** What never comes has no number, and neither has what is too large to be exact. */
function measured(numbers: Numbers = {}): { numbers?: Numbers } {
  const whole = Object.entries(numbers).map(([name, value]) => [name, Math.round(value)] as const);
  const known = whole.filter(([, value]) => Number.isSafeInteger(value));
  return known.length === 0 ? {} : { numbers: Object.fromEntries(known) };
}
