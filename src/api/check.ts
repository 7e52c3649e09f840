import { resolve } from 'node:path';
import { canonicalDirectory } from '../base/canonical-directory.ts';
import type { CheckEvent } from '../check/check-events.ts';
import type { CheckKind } from '../check/findings/check-kinds.ts';
import type { Finding } from '../check/findings/finding.ts';
import { checkStoreWithReport } from '../check/report/reported-check.ts';
import { checkStore, type CheckResult as StoreCheck } from '../check/store-check.ts';
import { whileUnchanged } from '../store/files/database-lock.ts';
import type { CheckParts } from './backup.ts';
import { type Cancellable, ignore, signalOf } from './configuration.ts';

export type { CheckEvent } from '../check/check-events.ts';
export type { CheckKind } from '../check/findings/check-kinds.ts';
export type { Finding } from '../check/findings/finding.ts';

const DEFAULT_FINDINGS_PER_KIND = 1000;

/** How to check a store. */
export interface CheckOptions extends CheckParts, Cancellable {
  /** Memory for what grows with the store, in bytes. Default 256 MiB. */
  memoryBytes?: number;
  /** Threads; the result does not depend on it. Default: one for each core, up to four, and none beside this one for a small store. */
  workers?: number;
  /** Existing directory for a report of everything that was found. Default: no report is written. */
  reportDir?: string;
  /** Most findings of each kind in the result; all are counted. Default 1000. */
  maxFindingsPerKind?: number;
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: CheckEvent) => void;
}

/** What a check found. */
export interface CheckResult {
  /** No errors; there may be warnings. */
  consistent: boolean;
  errors: number;
  warnings: number;
  /** Number of findings of each kind that was found. */
  byKind: Partial<Record<CheckKind, number>>;
  /** At most `maxFindingsPerKind` of each kind. */
  findings: readonly Finding[];
  /** Transactions that a server still has to apply: entries of label scan store and indexes were then not checked. */
  pending?: { first: number; last: number };
  /** Size of the files that were looked at. */
  bytes: number;
  /** The report, if one was wanted and there was something to report. */
  reportPath?: string;
}

/**
 * Checks the consistency of a backup, or of a database that no server uses: records, chains, counts, indexes. Reads only. Damage is no
 * error of the check but a finding.
 *
 * @throws GraphkeepError if it could not be checked: `directory.in-use`, `directory.missing` (the one for the report), `store.format`,
 *   `store.missing-file`, `store.needs-recovery`, `store.corrupt`, `log.corrupt`, `log.no-check-point`, `check.failed`, `file.io`,
 *   `cancelled`
 */
export async function check(directory: string, options: CheckOptions = {}): Promise<CheckResult> {
  const signal = signalOf(options);
  const store = resolve(directory);
  return await whileUnchanged(store, () => checkClosed(store, options, signal));
}

async function checkClosed(store: string, options: CheckOptions, signal: AbortSignal): Promise<CheckResult> {
  const findings: Finding[] = [];
  const how = {
    graph: options.graph ?? true,
    indexes: options.indexes ?? true,
    labelScan: options.labelScanStore ?? true,
    propertyOwners: options.propertyOwners ?? false,
    ...(options.memoryBytes === undefined ? {} : { budgetBytes: options.memoryBytes }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    signal,
    maxFindingsPerKind: options.maxFindingsPerKind ?? DEFAULT_FINDINGS_PER_KIND,
    onFinding: (finding: Finding) => findings.push(finding),
    onEvent: options.onEvent ?? ignore,
  };
  if (options.reportDir === undefined) return resultOf(await checkStore(store, how), findings);
  const reportDirectory = await canonicalDirectory(resolve(options.reportDir));
  const result = await checkStoreWithReport(store, { ...how, reportDirectory, startedAt: new Date() });
  if (result.reportFailure !== undefined) throw result.reportFailure;
  return resultOf(result, findings, result.reportPath);
}

function resultOf(checked: StoreCheck, findings: readonly Finding[], reportPath?: string): CheckResult {
  const { consistent, errors, warnings, byKind, pending, bytes } = checked;
  return {
    consistent,
    errors,
    warnings,
    byKind: Object.fromEntries(byKind),
    findings,
    ...(pending === undefined ? {} : { pending }),
    bytes,
    ...(reportPath === undefined ? {} : { reportPath }),
  };
}
