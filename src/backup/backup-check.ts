import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { describePending } from '../check/report/report-text.ts';
import { checkStoreWithReport, type ReportedCheck } from '../check/report/reported-check.ts';
import type { BackupEvents, BackupOptions } from './backup-options.ts';

/**
 * Checks a backup that was just made, as the options say (backup-command spec 5). The backup stays whatever comes out. Transactions that
 * are left to the server do not stand in the way, but entries of label scan store and indexes cannot be checked then: that is said.
 *
 * @throws GraphkeepError `check.inconsistent`, `check.failed`, `cancelled`
 */
export async function checkBackup(
  directory: string,
  options: Pick<BackupOptions, 'checks' | 'reportDir' | 'memoryBudgetBytes'>,
  events: BackupEvents,
  startedAt: Date,
  signal: AbortSignal,
): Promise<ReportedCheck> {
  const { graph, indexes, labelScanStore, propertyOwners } = options.checks;
  const check = await reportFailure(() =>
    checkStoreWithReport(directory, {
      graph,
      indexes,
      labelScan: labelScanStore,
      propertyOwners,
      budgetBytes: options.memoryBudgetBytes,
      reportDirectory: options.reportDir,
      startedAt,
      reportMayFail: true,
      signal,
      onProgress: ({ phase, done }) => events.progress?.({ phase: `checking ${phase}`, files: 0, bytes: done }),
    }),
  );
  if (check.reportFailure !== undefined) {
    events.note(`The report of the check is not complete: ${describeError(check.reportFailure)}`);
  }
  if (check.pending !== undefined) events.note(describePending(check.pending));
  if (!check.consistent) {
    const where = check.reportPath === undefined ? '' : ` See '${check.reportPath}' for details.`;
    throw new GraphkeepError('check.inconsistent', `Inconsistencies found.${where}`);
  }
  if (check.reportPath !== undefined) {
    events.note(`The backup is consistent, with ${check.warnings} warnings. See '${check.reportPath}' for details.`);
  }
  return check;
}

async function reportFailure(check: () => Promise<ReportedCheck>): Promise<ReportedCheck> {
  try {
    return await check();
  } catch (error) {
    if (hasCode(error, 'cancelled')) throw error;
    throw new GraphkeepError('check.failed', `Failed to do consistency check on backup: ${describeError(error)}`, {
      cause: error,
    });
  }
}
