import { hasCode } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import type { DoctorCheck } from './doctor-checks.ts';
import { type DoctorFinding, type FindingSubject, failureOf } from './finding.ts';

/** Collects the findings of a run. */
export class Findings {
  readonly list: DoctorFinding[];
  private readonly subject: FindingSubject;

  constructor(list: DoctorFinding[] = [], subject: FindingSubject = {}) {
    this.list = list;
    this.subject = subject;
  }

  /** The same collection, for findings about one of several things. */
  about(subject: FindingSubject): Findings {
    return new Findings(this.list, { ...this.subject, ...subject });
  }

  add(...findings: readonly (DoctorFinding | undefined)[]): void {
    for (const finding of findings) if (finding !== undefined) this.list.push({ ...finding, ...this.subject });
  }

  /**
   * Runs a step whose error is what the check finds: a backup would end with it. Resolves with undefined then.
   * @throws GraphkeepError `cancelled`, `internal`
   */
  async attempt<T>(check: DoctorCheck, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (caught) {
      const error = asGraphkeepError(caught);
      if (hasCode(error, 'cancelled', 'internal')) throw error;
      this.add(failureOf(check, error));
      return undefined;
    }
  }
}
