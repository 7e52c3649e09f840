import type { CheckKind } from './check-kinds.ts';
import type { Finding, ReportFinding } from './finding.ts';
import { type SummaryType, summaryTypeOf } from './summary-types.ts';

/** Counts findings and passes them on, up to a maximum of each kind. */
export class FindingTally {
  readonly byKind = new Map<CheckKind, number>();
  /** Errors by subject, as in the summary of the report. */
  readonly errorsByType = new Map<SummaryType, number>();
  errors = 0;
  warnings = 0;
  private readonly next: ReportFinding | undefined;
  private readonly maxPerKind: number;

  constructor(next?: ReportFinding, maxPerKind = Number.POSITIVE_INFINITY) {
    this.next = next;
    this.maxPerKind = maxPerKind;
  }

  readonly report: ReportFinding = (finding: Finding) => {
    const count = (this.byKind.get(finding.kind) ?? 0) + 1;
    this.byKind.set(finding.kind, count);
    if (finding.severity === 'warning') this.warnings++;
    else {
      this.errors++;
      const type = summaryTypeOf(finding.file);
      if (type !== undefined) this.errorsByType.set(type, (this.errorsByType.get(type) ?? 0) + 1);
    }
    if (count <= this.maxPerKind) this.next?.(finding);
  };
}
