import { availableParallelism } from 'node:os';
import { GraphkeepError } from '../base/errors.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { findPendingLog, type PendingLog } from '../replay/pending-log.ts';
import { requireSupportedStore, type SupportedStore } from '../store/files/supported-store.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { OverallProgress, StoreSizes } from './check-estimate.ts';
import type { CheckEvent } from './check-events.ts';
import type { WantedParts } from './findings/check-context.ts';
import type { CheckKind } from './findings/check-kinds.ts';
import type { ReportFinding } from './findings/finding.ts';
import { FindingTally } from './findings/finding-tally.ts';
import type { SummaryType } from './findings/summary-types.ts';
import { checkParts } from './parts/check-parts.ts';
import { type PartOptions, PartRunner } from './parts/part-run.ts';
import { runInWorkers } from './workers/check-workers.ts';

export interface CheckOptions extends Partial<WantedParts> {
  /** Memory for what grows with the store, in bytes. */
  budgetBytes?: number;
  /**
   * Worker threads; 1 = none beside the current one. Default: one per core, up to four, and none for a small store. Findings and their
   * order do not depend on it.
   */
  workers?: number;
  signal?: AbortSignal;
  onEvent?: (event: CheckEvent) => void;
  onFinding?: ReportFinding;
  /** Maximum calls of {@link onFinding} for each kind; all findings are counted. */
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
  /**
   * Transactions that wait for a server. The label scan store and the schema indexes are then as of the check point before those
   * transactions, and the server will bring them up to date. So they were not compared with the records.
   */
  pending: PendingLog | undefined;
  /** Size of the files that a check reads. */
  bytes: number;
}

const DEFAULT_BUDGET_BYTES = 256 << 20;
const MOST_WORKERS = 4;
/** Threads take longer to start than a smaller store takes to check. */
const WORKERS_FROM_BYTES = 64 << 20;

/**
 * Checks a store that was shut down cleanly, or a backup whose last transactions are left to a server (spec consistency-check 1): records,
 * tokens, schema rules, label scan store, schema indexes, counts. Reads only. Returns a result for every damaged store whose files exist,
 * as long as the metadata and the headers of dynamic stores are readable.
 *
 * @throws GraphkeepError the errors of {@link requireSupportedStore}, `check.failed` (a store of 2.3 to 3.3), `store.needs-recovery`,
 *   `store.corrupt` (headers), `log.corrupt`, `log.no-check-point`, `cancelled`
 */
export async function checkStore(directory: string, options: CheckOptions = {}): Promise<CheckResult> {
  const tally = new FindingTally(options.onFinding, options.maxFindingsPerKind);
  const store = await requireSupportedStore(directory, 'read');
  if (store.kind === 'older') throw onlyInPart(store, directory);
  const pending = requireRecovered(directory);
  const sizes = new StoreSizes(directory);
  await runParts(directory, sizes, options, {
    parts: {
      graph: options.graph ?? true,
      indexes: options.indexes ?? true,
      labelScan: options.labelScan ?? true,
      propertyOwners: options.propertyOwners ?? false,
      derivedEntries: pending === undefined,
    },
    report: tally.report,
    budgetBytes: options.budgetBytes ?? DEFAULT_BUDGET_BYTES,
    signal: options.signal,
  });
  const { byKind, errors, warnings, errorsByType } = tally;
  const consistent = errors === 0;
  options.onEvent?.({ kind: 'check-ended', consistent, errors, warnings });
  return { consistent, errors, warnings, byKind, errorsByType, pending, bytes: sizes.total };
}

/** The derived files of older releases have other formats; calling them inconsistent would be wrong. */
function onlyInPart({ release, mark }: SupportedStore, directory: string): GraphkeepError {
  return new GraphkeepError(
    'check.failed',
    `this is a store of Neo4j ${release.releases} (${mark}), which cannot be checked in full`,
    {
      place: { file: directory },
      hint: 'Start and stop a copy once with Neo4j 3.4 or 3.5 and dbms.allow_upgrade=true, then check that.',
    },
  );
}

/** Returns what is left to a server, if nothing else is missing. */
function requireRecovered(directory: string): PendingLog | undefined {
  if (!findRecoveryStart(directory).needed) return undefined;
  const pending = findPendingLog(directory);
  if (pending !== undefined) return pending;
  throw new GraphkeepError('store.needs-recovery', 'the store was not shut down cleanly', {
    place: { file: directory },
  });
}

async function runParts(
  directory: string,
  sizes: StoreSizes,
  { onEvent, workers = defaultWorkers(sizes) }: CheckOptions,
  shared: Omit<PartOptions, 'progress'>,
): Promise<void> {
  const order = [...checkParts.keys()].filter((index) => checkParts[index]!.isWanted(shared.parts));
  const overall = new OverallProgress(
    checkParts.map((part) => (part.isWanted(shared.parts) ? sizes.estimate(part) : 0)),
  );
  const totalBytes = overall.total;
  onEvent?.({ kind: 'check-began', directory, totalBytes });
  const progress = (index: number, phase: string, bytes: number | undefined) => {
    const doneBytes = bytes === undefined ? overall.end(index) : overall.add(index, bytes);
    if (bytes !== undefined) onEvent?.({ kind: 'check-progress', phase, doneBytes, totalBytes });
  };
  const reader = new StoreReader(directory);
  try {
    if (workers > 1) {
      await runInWorkers({ ...shared, directory, workers, order, progress });
      return;
    }
    for (const index of order) {
      await new PartRunner(reader, { ...shared, progress: (phase, bytes) => progress(index, phase, bytes) }).run(
        checkParts[index]!,
      );
      progress(index, '', undefined);
    }
  } finally {
    reader.close();
  }
}

function defaultWorkers({ total }: StoreSizes): number {
  return total < WORKERS_FROM_BYTES ? 1 : Math.min(MOST_WORKERS, availableParallelism());
}
