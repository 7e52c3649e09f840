import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { hasCode } from '../../base/errors.ts';
import { listLogFiles } from '../../log/log-files.ts';
import { isBefore, type LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { findLastCheckPoint } from '../../log/v3/check-points.ts';
import { beginningOf } from '../../log/v3/log-header.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import type { LogCheckPoint } from '../../log/v3/log-transaction.ts';
import { type PrunableLogFile, readPrunableFile } from '../../log/v3/retention.ts';

/** A transaction in the log; `atMs` is undefined where the log has no time for it. */
export interface LoggedMoment {
  transaction: number;
  atMs: number | undefined;
}

/** What a log says about itself. Times are milliseconds since 1970, from the clock of the server. */
export interface LogHistory {
  directory: string;
  /** Lowest version first; only files with a header. At least one. */
  files: readonly PrunableLogFile[];
  bytes: number;
  /** Undefined if there are none in the log. */
  oldest: LoggedMoment | undefined;
  newest: LoggedMoment | undefined;
  checkPoint: LoggedCheckPoint | undefined;
}

export interface LoggedCheckPoint {
  position: LogPosition;
  /** When it was written, where the log says that. */
  atMs?: number;
  /** Commit of the last transaction before the check point was written, and of the first one after. */
  afterMs: number | undefined;
  beforeMs: number | undefined;
  /** Size of the log from {@link position} on: what a copy replays. */
  bytesSince: number;
}

/** A server may prune the log while it is read. */
const ATTEMPTS = 3;

/** Timers and signals get a turn after this many bytes. */
const BYTES_PER_TURN = 8 * 1024 * 1024;

/** Older values stand for "no time": clusters write their first transactions without one. */
const FIRST_TIME_MS = 2;

/**
 * Reads the headers of all log files, and the log from its last check point on. Undefined if there is no log.
 * @throws GraphkeepError `log.gap`, `log.corrupt`, `file.io`, `cancelled`
 */
export async function readLogHistory(directory: string, signal: AbortSignal): Promise<LogHistory | undefined> {
  return await readThoughPruned(() => readOnce(directory, signal));
}

/** Reads again what a server has pruned while it was read. */
export async function readThoughPruned<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!hasCode(error, 'log.gap') || attempt === ATTEMPTS) throw error;
    }
  }
}

async function readOnce(directory: string, signal: AbortSignal): Promise<LogHistory | undefined> {
  const versions = listLogFiles(directory).files.map(({ version }) => version);
  const files = await readEachFile(directory, versions, readPrunableFile, signal);
  if (files.length === 0) return undefined;
  const found = findLastCheckPoint(directory);
  const from = found?.target.version ?? files[0]!.version;
  let tail = await readTail(directory, from, found, signal);
  // A file that was just begun has none.
  if (tail.newest?.atMs === undefined) tail = await readTail(directory, from - 1, found, signal);
  const first = files.find(({ firstStartedMs }) => timeOf(firstStartedMs) !== undefined);
  return {
    directory,
    files,
    bytes: sizeOf(files),
    oldest: first && { transaction: files[0]!.firstTransaction, atMs: timeOf(first.firstStartedMs) },
    newest: tail.newest,
    checkPoint: found && {
      position: found.target,
      afterMs: tail.afterMs,
      beforeMs: tail.beforeMs,
      bytesSince: bytesFrom(files, found.target),
    },
  };
}

/** What `read` finds in each of the files. One is open at a time: there may be more than a process may open. */
export async function readEachFile(
  directory: string,
  versions: readonly number[],
  read: (source: LogFileSet, version: number) => PrunableLogFile | undefined | Promise<PrunableLogFile | undefined>,
  signal: AbortSignal,
): Promise<PrunableLogFile[]> {
  const found: PrunableLogFile[] = [];
  const source = new LogFileSet(directory);
  try {
    for (const version of versions) {
      throwIfCancelled(signal);
      source.release(version);
      const file = await read(source, version);
      if (file !== undefined) found.push(file);
      await setImmediate();
    }
  } finally {
    source.close();
  }
  return found;
}

async function readTail(
  directory: string,
  version: number,
  checkPoint: LogCheckPoint | undefined,
  signal: AbortSignal,
): Promise<{ newest: LoggedMoment | undefined; afterMs: number | undefined; beforeMs: number | undefined }> {
  const source = new LogFileSet(directory);
  try {
    const reader = new LogReader(source, { from: beginningOf(Math.max(version, source.lowest ?? 0)) });
    let newest: LoggedMoment | undefined;
    let afterMs: number | undefined;
    let beforeMs: number | undefined;
    let bytes = 0;
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind !== 'transaction') continue;
      const { transactionId: transaction, timeCommitted, startOffset: offset } = item;
      newest = { transaction, atMs: timeOf(timeCommitted) };
      const isAfter = checkPoint === undefined || !isBefore({ version: item.version, offset }, checkPoint.at);
      if (isAfter) beforeMs ??= newest.atMs;
      else afterMs = newest.atMs;
      bytes += item.endOffset - offset;
      if (bytes < BYTES_PER_TURN) continue;
      bytes = 0;
      source.release(item.version);
      await setImmediate();
      throwIfCancelled(signal);
    }
    const { lastTransaction: transaction } = reader;
    newest ??= transaction === undefined ? undefined : { transaction, atMs: undefined };
    return { newest, afterMs, beforeMs };
  } finally {
    source.close();
  }
}

function timeOf(ms: number | undefined): number | undefined {
  return ms === undefined || ms < FIRST_TIME_MS ? undefined : ms;
}

export function sizeOf(files: readonly PrunableLogFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Size of the log from a position on. */
export function bytesFrom(files: readonly PrunableLogFile[], { version, offset }: LogPosition): number {
  return Math.max(0, sizeOf(files.filter((file) => file.version >= version)) - offset);
}
