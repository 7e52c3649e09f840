import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { GraphkeepError } from '../base/errors.ts';
import { findRecoveryStart } from '../log/recovery-start.ts';
import type { IndexRule } from '../store/schema-rule.ts';
import { requireCompleteStore } from '../store/store-completeness.ts';
import { classifyDatabaseFile, type DatabaseFileRole } from '../store/store-files.ts';
import { StoreReader } from '../store/store-reader.ts';
import type { CheckContext, CheckParts } from './check-context.ts';
import type { CheckKind } from './check-kinds.ts';
import { checkCounts } from './counts-check.ts';
import { isDamage } from './damage.ts';
import { checkIndexes } from './derived/index-check.ts';
import { checkLabelScan } from './derived/label-scan-check.ts';
import { createFinding, type ReportFinding } from './finding.ts';
import { FindingTally } from './finding-tally.ts';
import { examineRecords } from './records/examine-records.ts';
import { checkMandatoryProperties } from './schema/mandatory-properties.ts';
import { checkSchema } from './schema/schema-check.ts';
import { readStoredRules } from './schema/stored-rules.ts';
import { checkTokens } from './schema/token-check.ts';
import { readTokenIds } from './schema/token-ids.ts';
import type { SummaryType } from './summary-types.ts';

export interface CheckProgress {
  phase: string;
  done: number;
  total: number;
}

export interface CheckOptions extends Partial<CheckParts> {
  /** Memory for what grows with the store, in bytes. */
  budgetBytes?: number;
  signal?: AbortSignal;
  /** Checks a store whose log has transactions behind its check point: the caller knows that they are applied. */
  acceptPendingLog?: boolean;
  onProgress?: (progress: CheckProgress) => void;
  onFinding?: ReportFinding;
  /** Calls of {@link onFinding} for each kind; all are counted. */
  maxFindingsPerKind?: number;
}

export interface CheckResult {
  /** No errors; there may be warnings. */
  consistent: boolean;
  errors: number;
  warnings: number;
  byKind: ReadonlyMap<CheckKind, number>;
  /** Errors by type of record, as in the summary of the report. */
  errorsByType: ReadonlyMap<SummaryType, number>;
  /** Size of the files that a check looks at. */
  bytes: number;
}

const DEFAULT_BUDGET_BYTES = 256 << 20;

/**
 * Checks a store that was shut down cleanly, reading only (consistency-check spec): records, tokens, schema rules, label scan store,
 * schema indexes, counts. Ends with a result for every damaged store whose files are there, as long as metadata and the record sizes in
 * the headers of dynamic stores can be read.
 *
 * @throws GraphkeepError `store.needs-recovery`, `store.missing-file`, `store.format`, `store.corrupt` (metadata, headers), `log.corrupt`,
 *   `log.no-check-point`, `cancelled`
 */
export async function checkStore(directory: string, options: CheckOptions = {}): Promise<CheckResult> {
  const tally = new FindingTally(options.onFinding, options.maxFindingsPerKind);
  await requireCompleteStore(directory);
  if (options.acceptPendingLog !== true) requireRecovered(directory);
  const reader = new StoreReader(directory);
  try {
    const context: CheckContext = {
      reader,
      tokens: readTokenIds(reader),
      parts: {
        graph: options.graph ?? true,
        indexes: options.indexes ?? true,
        labelScan: options.labelScan ?? true,
        propertyOwners: options.propertyOwners ?? false,
      },
      report: tally.report,
      budgetBytes: options.budgetBytes ?? DEFAULT_BUDGET_BYTES,
      signal: options.signal,
      progress: (phase, done, total) => options.onProgress?.({ phase, done, total }),
    };
    await runChecks(context);
  } finally {
    reader.close();
  }
  const { byKind, errors, warnings, errorsByType } = tally;
  return { consistent: errors === 0, errors, warnings, byKind, errorsByType, bytes: measureStore(directory) };
}

const CHECKED_ROLES: readonly DatabaseFileRole[] = ['metadata', 'record-store', 'counts', 'label-scan', 'schema-index'];

function measureStore(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path).split(sep).join('/');
    if (entry.isFile() && CHECKED_ROLES.includes(classifyDatabaseFile(name))) bytes += statSync(path).size;
  }
  return bytes;
}

function requireRecovered(directory: string): void {
  if (!findRecoveryStart(directory).needed) return;
  throw new GraphkeepError('store.needs-recovery', 'the store was not shut down cleanly', {
    place: { file: directory },
  });
}

async function runChecks(context: CheckContext): Promise<void> {
  const { graph, labelScan } = context.parts;
  const stored = readStoredRules(context.reader);
  const indexRules = stored.rules.filter((rule): rule is IndexRule => rule.kind === 'index');
  checkSchema(context, stored);
  if (graph) {
    checkTokens(context);
    await guard(context, 'records', () => examineRecords(context));
    await guard(context, 'mandatory properties', () => checkMandatoryProperties(context, stored.rules));
  }
  if (labelScan) await guard(context, 'label scan store', () => checkLabelScan(context));
  await guard(context, 'indexes', () => checkIndexes(context, indexRules, stored.malformed));
  if (graph) await guard(context, 'counts', () => checkCounts(context));
}

/** Runs a check; damage that it did not foresee becomes a finding, so that the other checks still run. */
async function guard({ report, signal }: CheckContext, name: string, check: () => Promise<void>): Promise<void> {
  throwIfCancelled(signal);
  try {
    await check();
  } catch (error) {
    if (!isDamage(error)) throw error;
    const file = error instanceof GraphkeepError ? (error.place?.file ?? '') : '';
    report(createFinding('checkerException', { message: `Failed to check ${name}: ${error.message}`, file, text: '' }));
  }
}
