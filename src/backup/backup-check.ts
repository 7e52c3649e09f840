import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { checkStoreWithReport, type ReportedCheck } from '../check/report/reported-check.ts';
import type { BackupEvent } from './backup-events.ts';
import type { BackupOptions } from './backup-options.ts';

/**
 * Checks a new backup as the options say (spec backup-command 5). The backup stays whatever the result. Transactions left to the server do
 * not prevent the check, but the entries of label scan store and indexes cannot be checked then; that is reported.
 *
 * @throws GraphkeepError `check.inconsistent`, `check.failed`, `cancelled`
 */
export async function checkBackup(
  directory: string,
  options: Pick<BackupOptions, 'checks' | 'reportDir' | 'memoryBudgetBytes'>,
  onEvent: (event: BackupEvent) => void,
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
      onEvent,
    }),
  );
  if (check.reportFailure !== undefined) onEvent({ kind: 'check-report-failed', error: check.reportFailure });
  if (check.pending !== undefined) {
    const { first: firstTransaction, last: lastTransaction } = check.pending;
    onEvent({ kind: 'check-left-to-server', firstTransaction, lastTransaction });
  }
  if (!check.consistent) {
    const where = check.reportPath === undefined ? '' : ` See '${check.reportPath}' for details.`;
    throw new GraphkeepError('check.inconsistent', `Inconsistencies found.${where}`);
  }
  if (check.reportPath !== undefined) {
    onEvent({ kind: 'check-warned', warnings: check.warnings, reportPath: check.reportPath });
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
