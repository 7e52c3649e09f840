import { listLogFiles } from '../log/log-files.ts';
import type { LogPosition } from '../log/log-position.ts';
import { findLastCheckPoint } from '../log/v3/check-points.ts';
import { beginningOf } from '../log/v3/log-header.ts';
import { cutLog, LogWriter } from '../log/v3/log-writer.ts';
import { type NeostoreMetadata, patchMetadataDurablyIn } from '../store/files/neostore-metadata.ts';
import type { DerivedFilesReport } from './derived/derived-files.ts';
import { type AppliedLog, type ApplyOptions, applyLog, PreparedReplay } from './log-application.ts';

export interface Recovery {
  transactions: number;
  firstTransaction: number | undefined;
  lastTransaction: number;
  records: number;
  derived: DerivedFilesReport;
  /**
   * Set if explicit index commands are left to the server: the log keeps its old check point, and this is the first transaction that must
   * stay. Undefined = everything is applied and the log ends with a check point.
   */
  pendingFrom: number | undefined;
  /** The new end of the log, after the check point if there is one. */
  end: LogPosition;
}

/**
 * Makes the store in `folder` exact as of the end of its log, and leaves it as after a clean shutdown: records, counts, label scan store
 * and indexes hold everything, `neostore` names the end of the log, and a check point is written there. Every file is on disk before that
 * check point, and everything can be repeated. So a kill at any moment leaves a store that the next recovery, ours or the server's, brings
 * to the same end.
 */
export async function recoverStore(folder: string, options: ApplyOptions): Promise<Recovery> {
  const replay = await PreparedReplay.read(folder, options);
  try {
    return await completeRecovery(folder, replay);
  } finally {
    await replay.dispose();
  }
}

/** The second half of {@link recoverStore}, for callers with work between reading the log and changing the store. */
export async function completeRecovery(folder: string, replay: PreparedReplay): Promise<Recovery> {
  const applied = await replay.write();
  const { log } = applied;
  await cutLog(folder, log.end);
  const pendingFrom = log.collector.firstExplicitIndexTransaction;
  writeMetadata(folder, applied, { logVersion: log.end.version });
  const end = applied.leftToServer
    ? await requireCheckPoint(folder, log.end)
    : await appendCheckPoint(folder, log.end, log.end);
  return {
    transactions: log.transactions,
    firstTransaction: log.firstId,
    lastTransaction: applied.lastTransaction,
    records: applied.records,
    derived: applied.derived,
    pendingFrom,
    end,
  };
}

export interface StoreCheckPointOptions extends ApplyOptions {
  /** Position of the new check point: the end of a transaction that is forced to disk. */
  end: LogPosition;
}

/**
 * Brings a store from one check point of its log to the next while the log continues to grow. Everything is on disk when it resolves; the
 * caller, which owns the log, may then write the check point entry. As with {@link recoverStore}, a kill at any moment does no harm.
 * `neostore` keeps its log version, which belongs to the writer of the log.
 */
export async function checkPointStore(folder: string, options: StoreCheckPointOptions): Promise<AppliedLog> {
  const applied = await applyLog(folder, options);
  writeMetadata(folder, applied);
  return applied;
}

/** What the server writes to `neostore` after a replay (spec transaction-logs 8, last table). */
function writeMetadata(folder: string, applied: AppliedLog, more: Partial<NeostoreMetadata> = {}): void {
  const { log, before, lastTransaction } = applied;
  const { end, last, collector } = log;
  patchMetadataDurablyIn(folder, {
    ...more,
    lastClosedLogVersion: end.version,
    lastClosedLogOffset: end.offset,
    firstGraphProperty: collector.firstGraphProperty ?? before.firstGraphProperty,
    lastConstraintTransaction: collector.schema.lastConstraintTransaction ?? before.lastConstraintTransaction,
    lastTransactionId: lastTransaction,
    lastTransactionChecksum: last?.checksum ?? before.lastTransactionChecksum,
    lastTransactionCommitTime: last?.timeCommitted ?? before.lastTransactionCommitTime,
  });
}

/**
 * A log that waits for the server needs a check point to be recovered from, unless it goes back to the beginning of the database. A full
 * copy has none: it gets one that names the beginning of its log, as from the Java client (spec transaction-logs 9).
 */
async function requireCheckPoint(folder: string, end: LogPosition): Promise<LogPosition> {
  const { lowest } = listLogFiles(folder);
  if (lowest === undefined || lowest === 0 || findLastCheckPoint(folder) !== undefined) return end;
  return await appendCheckPoint(folder, end, beginningOf(lowest));
}

/** Returns the new end of the log. */
async function appendCheckPoint(folder: string, end: LogPosition, target: LogPosition): Promise<LogPosition> {
  const writer = LogWriter.open(folder, end);
  try {
    writer.appendCheckPoint(target);
    await writer.force();
    return writer.position;
  } finally {
    writer.close();
  }
}
