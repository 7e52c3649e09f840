/** Progress of a check: the current phase, and about how many of the bytes to read have been read. */
export interface CheckProgress {
  kind: 'check-progress';
  /** The part of the store being checked, for example `relationship chains`. */
  phase: string;
  doneBytes: number;
  totalBytes: number;
}

/** Events of a check. */
export type CheckEvent =
  | { kind: 'check-began'; directory: string; totalBytes: number }
  | CheckProgress
  /** Everything that could be checked was checked. */
  | { kind: 'check-ended'; consistent: boolean; errors: number; warnings: number };
