import type { GraphkeepError } from '../../base/errors.ts';
import type { Finding } from '../findings/finding.ts';
import { FindingTally } from '../findings/finding-tally.ts';
import { type CheckOptions, type CheckResult, checkStore } from '../store-check.ts';
import { ReportFile } from './report-file.ts';

export interface ReportedCheckOptions extends CheckOptions {
  /** Existing directory for the report. */
  reportDirectory: string;
  /** Names the report. */
  startedAt: Date;
  /** Check even if no report can be written: a sound store needs none. */
  reportMayFail?: boolean;
}

export interface ReportedCheck extends CheckResult {
  /** Undefined if there was nothing to report. */
  reportPath: string | undefined;
  /** Why the report is incomplete or missing. The findings do not depend on it. */
  reportFailure: GraphkeepError | undefined;
}

/**
 * {@link checkStore} with a report file. Unless `reportMayFail` is set, verifies that the report can be written before the store is read.
 *
 * @throws GraphkeepError those of {@link ReportFile.prepare} and {@link checkStore}; earlier findings stay in the report
 */
export async function checkStoreWithReport(directory: string, options: ReportedCheckOptions): Promise<ReportedCheck> {
  const { reportDirectory, startedAt, reportMayFail = false } = options;
  const report = reportMayFail
    ? ReportFile.begin(reportDirectory, startedAt)
    : ReportFile.prepare(reportDirectory, startedAt);
  try {
    // The report has every finding; the number passed to the caller may be limited.
    const passed = new FindingTally(options.onFinding, options.maxFindingsPerKind);
    const onFinding = (finding: Finding) => {
      report.add(finding);
      passed.report(finding);
    };
    const result = await checkStore(directory, { ...options, onFinding, maxFindingsPerKind: Number.POSITIVE_INFINITY });
    report.finish(result);
    return { ...result, reportPath: report.path, reportFailure: report.failure };
  } finally {
    report.close();
  }
}
