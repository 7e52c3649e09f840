/** How far a check is: what it is doing, and about how many of the bytes that it has to read it has read. */
export interface CheckProgress {
  kind: 'check-progress';
  /** The part of the store that is looked at, as in `relationship chains`. */
  phase: string;
  doneBytes: number;
  totalBytes: number;
}

/** What a check of a store tells of itself. */
export type CheckEvent =
  | { kind: 'check-began'; directory: string; totalBytes: number }
  | CheckProgress
  /** Looked at everything that could be looked at. */
  | { kind: 'check-ended'; consistent: boolean; errors: number; warnings: number };
