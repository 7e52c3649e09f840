import { readdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, removeTree, syncDirectory } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import type { LogPosition } from '../log/log-position.ts';
import { type NeostoreMetadata, readMetadataIn } from '../store/files/neostore-metadata.ts';
import { ID_FILE_SUFFIX, METADATA_FILE } from '../store/files/store-files.ts';
import { formatByVersion } from '../store/files/store-format.ts';
import { type CollectedLog, collectChanges } from './collect/collect-changes.ts';
import { LogImages } from './collect/log-images.ts';
import { NetChanges } from './collect/net-changes.ts';
import type { ReplayContext } from './collect/replay-context.ts';
import { beginCounts, finishCounts } from './derived/counts-files.ts';
import { type DerivedFilesReport, planDerivedFiles } from './derived/derived-files.ts';
import { planFilesOfCheckPoint } from './derived/files-of-check-point.ts';
import type { IndexBuilding } from './derived/index-rebuild.ts';
import { checkRecords } from './records/record-check.ts';
import { writeRecords } from './records/record-writer.ts';

export interface ApplyOptions {
  /** Where replay begins: the position of the check point that the store files are at least as new as. */
  start: LogPosition;
  /** Where it ends: the end of a transaction or check point. Default: the end of the log. */
  end?: LogPosition;
  /** True if no store file was changed since that check point: an incremental that has not been applied yet. */
  storeIsExact: boolean;
  /** Memory for net changes and images. */
  budgetBytes: number;
  /** An existing directory for sort runs and trash, on the file system of the store; left empty. */
  scratch: string;
  /** Where the log is, if not in the store yet: then {@link beforeWriting} brings it there. Only for a store that is exact. */
  logFolder?: string;
  /** Which missing indexes are built. */
  indexes?: IndexBuilding;
  /** Called when the whole log was read and checked, before the first change to the store. */
  beforeWriting?: () => Promise<void>;
  /** True: an older part of the log still waits for the server. */
  leavePending?: boolean;
  signal?: AbortSignal;
  onPhase?: (phase: string) => void;
}

export interface AppliedLog {
  log: CollectedLog;
  /** `neostore` as it was before, and still is. */
  before: NeostoreMetadata;
  lastTransaction: number;
  records: number;
  derived: DerivedFilesReport;
  /**
   * The log has changes of explicit indexes, which only a server can make, or an older part of it that waits for one: no check point may
   * be written. Label scan store and indexes are those of the last one.
   */
  leftToServer: boolean;
}

/**
 * Brings everything in the store but `neostore` to the state at the end of a stretch of log: records, counts, label scan store and indexes.
 * All of it is on disk then. May be repeated after a kill, if the store is then said not to be exact.
 */
export async function applyLog(folder: string, options: ApplyOptions): Promise<AppliedLog> {
  const before = readMetadataIn(folder);
  const format = formatByVersion(before.storeVersion);
  const runs = join(options.scratch, 'runs');
  await makeDirectory(runs);
  const changes = new NetChanges(options.budgetBytes / 2, runs);
  const log = { folder: options.logFolder ?? folder, start: options.start, end: options.end };
  let images: LogImages | undefined;
  try {
    images = new LogImages(log, options.budgetBytes);
    return await replay({ folder, format, log, changes, images }, options, before);
  } finally {
    changes.dispose();
    images?.dispose();
    await removeTree(runs);
  }
}

async function replay(context: ReplayContext, options: ApplyOptions, before: NeostoreMetadata): Promise<AppliedLog> {
  const { folder } = context;
  const { signal, onPhase } = options;
  onPhase?.('reading the log');
  const counts = beginCounts(folder);
  const log = await collectChanges(context, counts.counts, signal);
  requireNoGap(folder, before, log);
  throwIfCancelled(signal);
  const lastTransaction = log.last?.id ?? before.lastTransactionId;
  const leftToServer = options.leavePending === true || log.collector.firstExplicitIndexTransaction !== undefined;
  const plan = leftToServer ? planFilesOfCheckPoint : planDerivedFiles;
  const derived = plan(context, log.collector, options);
  await checkRecords(context, signal);
  await options.beforeWriting?.();
  await removeIdFiles(folder);
  onPhase?.('writing records');
  const { records } = await writeRecords(context, log.collector.freedUnits, signal);
  onPhase?.('updating labels, indexes and counts');
  const report = await derived.apply();
  await finishCounts(folder, counts, lastTransaction, log.firstId, signal);
  return { log, before, lastTransaction, records, derived: report, leftToServer };
}

/** Transactions between the store and its log would be missing for good: a store is at least as new as its check point. */
function requireNoGap(folder: string, metadata: NeostoreMetadata, { firstId }: CollectedLog): void {
  const { lastTransactionId } = metadata;
  if (firstId === undefined || firstId <= lastTransactionId + 1) return;
  throw new GraphkeepError('log.gap', `the log does not continue after transaction ${lastTransactionId} of the store`, {
    place: { file: folder },
    observed: firstId,
  });
}

/** Id files go stale with every new record; a server builds them anew when they are missing (record-stores spec 13). Durable. */
async function removeIdFiles(folder: string): Promise<void> {
  const isIdFile = (name: string) => name.startsWith(METADATA_FILE) && name.endsWith(ID_FILE_SUFFIX);
  const paths = readdirSync(folder)
    .filter(isIdFile)
    .map((name) => join(folder, name));
  for (const path of paths) await atFile('remove the id file', path, () => unlink(path));
  if (paths.length > 0) await syncDirectory(folder);
}
