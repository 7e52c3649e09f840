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
  /** The check is worth making also where no report can be written: a sound store needs none. */
  reportMayFail?: boolean;
}

export interface ReportedCheck extends CheckResult {
  /** Undefined if there was nothing to report. */
  reportPath: string | undefined;
  /** Why the report is not complete, or not there. What was found does not depend on it. */
  reportFailure: GraphkeepError | undefined;
}

/**
 * {@link checkStore} with a report file. That it can be written is made sure before the store is read, unless the check is wanted all the
 * same.
 *
 * @throws GraphkeepError those of {@link ReportFile.prepare} and of {@link checkStore}; what was found before stays in the report
 */
export async function checkStoreWithReport(directory: string, options: ReportedCheckOptions): Promise<ReportedCheck> {
  const { reportDirectory, startedAt, reportMayFail = false } = options;
  const report = reportMayFail
    ? ReportFile.begin(reportDirectory, startedAt)
    : ReportFile.prepare(reportDirectory, startedAt);
  try {
    // The report has every finding; the number of those that are passed on may be limited.
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
