import { readdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, removeTree, syncDirectory } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import type { LogPosition } from '../log/log-position.ts';
import { type NeostoreMetadata, readMetadataIn } from '../store/files/neostore-metadata.ts';
import { classifyDatabaseFile } from '../store/files/store-files.ts';
import { formatByVersion, type StoreFormat } from '../store/files/store-format.ts';
import { type CollectedLog, collectChanges } from './collect/collect-changes.ts';
import { LogImages } from './collect/log-images.ts';
import { NetChanges } from './collect/net-changes.ts';
import type { ReplayContext } from './collect/replay-context.ts';
import { beginCounts, type CountsUpdate, finishCounts } from './derived/counts-files.ts';
import { type DerivedFilesPlan, type DerivedFilesReport, planDerivedFiles } from './derived/derived-files.ts';
import { planFilesOfCheckPoint } from './derived/files-of-check-point.ts';
import type { IndexBuilding } from './derived/index-rebuild.ts';
import { runFileStep } from './events/file-step.ts';
import type { ReplayProgress } from './events/replay-events.ts';
import { trackReading } from './reading-progress.ts';
import { checkRecords } from './records/record-check.ts';
import { writeRecords } from './records/record-writer.ts';

export interface ApplyOptions {
  /** Where replay begins: the position of a check point that the store files are at least as new as. */
  start: LogPosition;
  /** Where it ends: the end of a transaction or check point. Default: the end of the log. */
  end?: LogPosition;
  /** True if no store file was changed since that check point: an incremental that has not been applied yet. */
  storeIsExact: boolean;
  /** Memory for net changes and images. */
  budgetBytes: number;
  /** An existing directory for sort runs and removed files, on the file system of the store; left empty. */
  scratch: string;
  /**
   * Where the log is, if it is not in the store yet: the caller moves it there before {@link PreparedReplay.write}. Only for an exact
   * store.
   */
  logFolder?: string;
  /** Which missing indexes to build. */
  indexes?: IndexBuilding;
  /** True: an older part of the log still waits for the server. */
  leavePending?: boolean;
  signal?: AbortSignal;
  onEvent?: (event: ReplayProgress) => void;
}

export interface AppliedLog {
  log: CollectedLog;
  /** `neostore` as it was before and still is. */
  before: NeostoreMetadata;
  lastTransaction: number;
  records: number;
  derived: DerivedFilesReport;
  /**
   * The log changes explicit indexes, which only a server can do, or an older part of it waits for a server. No check point may be written;
   * the label scan store and the indexes stay as of the last one.
   */
  leftToServer: boolean;
}

/**
 * Brings everything in the store except `neostore` to the state at the end of a stretch of log: records, counts, label scan store and
 * indexes. All of it is durable afterwards. Can be repeated after a kill, if the store is then declared not exact.
 */
export async function applyLog(folder: string, options: ApplyOptions): Promise<AppliedLog> {
  const replay = await PreparedReplay.read(folder, options);
  try {
    return await replay.write();
  } finally {
    await replay.dispose();
  }
}

/** What the collected log requires. */
interface CollectedReplay {
  /** `neostore` as it is now. */
  before: NeostoreMetadata;
  counts: CountsUpdate;
  log: CollectedLog;
  derived: DerivedFilesPlan;
  leftToServer: boolean;
}

/** A stretch of log, read and checked against its store, which is not changed yet. */
export class PreparedReplay {
  private readonly context: ReplayContext;
  private readonly options: ApplyOptions;
  private readonly collected: CollectedReplay;

  private constructor(context: ReplayContext, options: ApplyOptions, collected: CollectedReplay) {
    this.context = context;
    this.options = options;
    this.collected = collected;
  }

  /** Reads the log; every fault in the log, or mismatch with the store, is thrown here. */
  static async read(folder: string, options: ApplyOptions): Promise<PreparedReplay> {
    const before = readMetadataIn(folder);
    const context = await openContext(folder, formatByVersion(before.storeVersion), options);
    try {
      return new PreparedReplay(context, options, await collect(context, options, before));
    } catch (error) {
      await closeContext(context, options);
      throw error;
    }
  }

  /** Changes the store. A kill leaves a store that is not exact, and the log with which to repeat this. */
  async write(): Promise<AppliedLog> {
    const { context, collected } = this;
    const { before, counts, log, derived, leftToServer } = collected;
    const { signal, onEvent } = this.options;
    const lastTransaction = log.last?.id ?? before.lastTransactionId;
    await removeIdFiles(context.folder);
    const { records } = await writeRecords(context, log.collector.freedUnits, signal, (done, total) =>
      onEvent?.({ kind: 'replay-progress', phase: 'records', unit: 'files', done, total }),
    );
    const report = await derived.apply();
    await runFileStep('counts', onEvent, () =>
      finishCounts(context.folder, counts, lastTransaction, log.firstId, signal),
    );
    return { log, before, lastTransaction, records, derived: report, leftToServer };
  }

  /** Closes the log and removes temporary files. Call it once, whether {@link write} was called or not. */
  async dispose(): Promise<void> {
    await closeContext(this.context, this.options);
  }
}

/** Sort runs of changes that exceed the memory budget have their own directory. */
function runsOf({ scratch }: ApplyOptions): string {
  return join(scratch, 'runs');
}

async function openContext(folder: string, format: StoreFormat, options: ApplyOptions): Promise<ReplayContext> {
  const runs = runsOf(options);
  await makeDirectory(runs);
  const log = { folder: options.logFolder ?? folder, start: options.start, end: options.end };
  try {
    const images = new LogImages(log, options.budgetBytes);
    return { folder, format, log, changes: new NetChanges(options.budgetBytes / 2, runs), images };
  } catch (error) {
    await removeTree(runs);
    throw error;
  }
}

async function closeContext({ changes, images }: ReplayContext, options: ApplyOptions): Promise<void> {
  changes.dispose();
  images.dispose();
  await removeTree(runsOf(options));
}

async function collect(
  context: ReplayContext,
  options: ApplyOptions,
  before: NeostoreMetadata,
): Promise<CollectedReplay> {
  const { signal, onEvent } = options;
  const reading = onEvent === undefined ? undefined : trackReading(context.log, onEvent);
  const counts = beginCounts(context.folder);
  const log = await collectChanges(context, counts.counts, signal, reading?.add);
  reading?.end();
  requireNoGap(context.folder, before, log);
  throwIfCancelled(signal);
  const leftToServer = options.leavePending === true || log.collector.firstExplicitIndexTransaction !== undefined;
  const plan = leftToServer ? planFilesOfCheckPoint : planDerivedFiles;
  const derived = plan(context, log.collector, options);
  await checkRecords(context, signal);
  return { before, counts, log, derived, leftToServer };
}

/** A store is at least as new as its check point. If the log begins later than that, transactions in between are lost for good. */
function requireNoGap(folder: string, metadata: NeostoreMetadata, { firstId }: CollectedLog): void {
  const { lastTransactionId } = metadata;
  if (firstId === undefined || firstId <= lastTransactionId + 1) return;
  throw new GraphkeepError('log.gap', `the log does not continue after transaction ${lastTransactionId} of the store`, {
    place: { file: folder },
    observed: firstId,
  });
}

/** New records make id files stale; a server rebuilds missing ones (spec record-stores 13). Durable. */
async function removeIdFiles(folder: string): Promise<void> {
  const paths = readdirSync(folder)
    .filter((name) => classifyDatabaseFile(name) === 'id-file')
    .map((name) => join(folder, name));
  for (const path of paths) await atFile('remove the id file', path, () => unlink(path));
  if (paths.length > 0) await syncDirectory(folder);
}
