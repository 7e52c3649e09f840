import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, removeTree } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import type { LogPosition } from '../log/log-position.ts';
import { cutLog, LogWriter } from '../log/log-writer.ts';
import { type NeostoreMetadata, patchMetadataOf, readMetadata } from '../store/neostore-metadata.ts';
import { ID_FILE_SUFFIX, METADATA_FILE } from '../store/store-files.ts';
import { formatByVersion, type StoreFormat } from '../store/store-format.ts';
import { type CollectedLog, collectChanges } from './collect-changes.ts';
import { beginCounts, finishCounts } from './counts-files.ts';
import { type DerivedFilesReport, planDerivedFiles } from './derived-files.ts';
import { LogImages } from './log-images.ts';
import { NetChanges } from './net-changes.ts';
import { checkRecords } from './record-check.ts';
import { writeRecords } from './record-writer.ts';

export interface RecoverOptions {
  /** Where replay begins: the position of the check point that the store files are at least as new as. */
  start: LogPosition;
  /** True if no store file was changed since that check point: an incremental that has not been applied yet. */
  storeIsExact: boolean;
  /** Memory for net changes and images. */
  budgetBytes: number;
  /** An existing directory for sort runs and trash, on the file system of the store; left empty. */
  scratch: string;
  /** True: an older part of the log still waits for the server, so no check point may be written. */
  leavePending?: boolean;
  /** Where the log is, if not in the store yet: then {@link beforeWriting} brings it there. Only for a store that is exact. */
  logFolder?: string;
  /** Called when the whole log was read and checked, before the first change to the store. */
  beforeWriting?: () => Promise<void>;
  signal?: AbortSignal;
  onPhase?: (phase: string) => void;
}

export interface Recovery {
  transactions: number;
  firstTransaction: number | undefined;
  lastTransaction: number;
  records: number;
  derived: DerivedFilesReport;
  /**
   * Replay of explicit index commands is left to the server: the log keeps its old check point, and this is the first transaction that
   * must stay. Undefined = everything is applied and the log ends with a check point.
   */
  pendingFrom: number | undefined;
}

/**
 * Makes the store in `folder` exact as of the end of its log, and leaves it as after a clean shutdown: records, counts, label scan store
 * and indexes hold everything, `neostore` names the end of the log, and a check point stands there. Every file is on disk before that
 * check point is written, and everything may be repeated, so a kill at any moment leaves a store that the next recovery, ours or the
 * server's, brings to the same end.
 */
export async function recoverStore(folder: string, options: RecoverOptions): Promise<Recovery> {
  const metadata = readMetadata(join(folder, METADATA_FILE));
  const format = formatByVersion(metadata.storeVersion);
  const runs = join(options.scratch, 'runs');
  await makeDirectory(runs);
  const changes = new NetChanges(options.budgetBytes / 2, runs);
  let images: LogImages | undefined;
  try {
    images = new LogImages(options.logFolder ?? folder, options.start.version, options.budgetBytes);
    return await replay(folder, options, metadata, format, images, changes);
  } finally {
    changes.dispose();
    images?.dispose();
    await removeTree(runs);
  }
}

async function replay(
  folder: string,
  options: RecoverOptions,
  metadata: NeostoreMetadata,
  format: StoreFormat,
  images: LogImages,
  changes: NetChanges,
): Promise<Recovery> {
  const { signal, onPhase } = options;
  onPhase?.('reading the log');
  const counts = beginCounts(folder);
  const logFolder = options.logFolder ?? folder;
  const log = await collectChanges(logFolder, options.start, images, changes, counts.counts, format, signal);
  requireNoGap(folder, metadata, log);
  throwIfCancelled(signal);
  const lastTransaction = log.last?.id ?? metadata.lastTransactionId;
  const derived = planDerivedFiles(folder, format, changes, images, log.collector, options);
  await checkRecords(folder, format, changes, images, signal);
  await options.beforeWriting?.();
  await removeIdFiles(folder);
  onPhase?.('writing records');
  const { records } = await writeRecords(folder, format, changes, images, log.collector.freedUnits, signal);
  onPhase?.('updating labels, indexes and counts');
  const report = await derived.apply();
  await finishCounts(folder, counts, lastTransaction, log.firstId, signal);
  await cutLog(folder, log.end);
  const pendingFrom = log.collector.firstExplicitIndexTransaction;
  writeMetadata(folder, metadata, log, lastTransaction);
  if (pendingFrom === undefined && options.leavePending !== true) await appendCheckPoint(folder, log.end);
  return {
    transactions: log.transactions,
    firstTransaction: log.firstId,
    lastTransaction,
    records,
    derived: report,
    pendingFrom,
  };
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

/** Id files go stale with every new record; a server builds them anew when they are missing (record-stores spec 13). */
async function removeIdFiles(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(METADATA_FILE) && name.endsWith(ID_FILE_SUFFIX)) await removeTree(join(folder, name));
  }
}

/** What the server writes to `neostore` after a replay (transaction-logs spec 8, last table). */
function writeMetadata(folder: string, before: NeostoreMetadata, log: CollectedLog, lastTransaction: number): void {
  const { end, last, collector } = log;
  const fd = openSync(join(folder, METADATA_FILE), 'r+');
  try {
    patchMetadataOf(fd, {
      logVersion: end.version,
      lastClosedLogVersion: end.version,
      lastClosedLogOffset: end.offset,
      firstGraphProperty: collector.firstGraphProperty ?? before.firstGraphProperty,
      lastConstraintTransaction: collector.schema.lastConstraintTransaction ?? before.lastConstraintTransaction,
      lastTransactionId: lastTransaction,
      lastTransactionChecksum: last?.checksum ?? before.lastTransactionChecksum,
      lastTransactionCommitTime: last?.timeCommitted ?? before.lastTransactionCommitTime,
    });
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function appendCheckPoint(folder: string, end: LogPosition): Promise<void> {
  const writer = LogWriter.open(folder, end);
  try {
    writer.appendCheckPoint(end);
    await writer.force();
  } finally {
    writer.close();
  }
}
