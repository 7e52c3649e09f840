import { type CheckKind, describeKind, type Severity } from './check-kinds.ts';

/** One inconsistency: an entry of the report. */
export interface Finding {
  kind: CheckKind;
  severity: Severity;
  /** Replaces the kind's message where it varies: damaged trees, exceptions. */
  message?: string;
  /** Relative to the store directory, with `/`. */
  file: string;
  /** Id of the record on the first line of the entry; undefined if the finding concerns a file. */
  record: number | undefined;
  /** Offset of the record in its file in bytes. */
  offset: number | undefined;
  /** The record as the report shows it, line 2 of the entry; empty = no such line. */
  text: string;
  /** Records or values for line 3. */
  inconsistentWith: string[];
  expected?: string;
  found?: string;
}

/** Receives findings in any order as they are made. */
export type ReportFinding = (finding: Finding) => void;

export type FindingDetails = Pick<Finding, 'file' | 'text'> &
  Partial<Pick<Finding, 'record' | 'offset' | 'inconsistentWith' | 'expected' | 'found' | 'message'>>;

/** Creates a finding with the severity of its kind. */
export function createFinding(kind: CheckKind, details: FindingDetails): Finding {
  return {
    record: undefined,
    offset: undefined,
    inconsistentWith: [],
    ...details,
    kind,
    severity: describeKind(kind).severity,
  };
}
