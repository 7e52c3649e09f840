import { isBefore, type LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { dataStartOf, readModernLogHeader } from '../../log/modern/fields/log-header.ts';
import type { LoggedTransaction } from '../../log/modern/fields/logged-transaction.ts';
import { findLogBase } from '../../log/modern/log-outlook.ts';
import { TransactionReader } from '../../log/modern/transaction-reader.ts';
import type { PrunableLogFile } from '../../log/v3/retention.ts';
import { bytesFrom, type LogHistory, readEachFile, readThoughPruned, sizeOf } from './log-history.ts';

/** What a log of 4.2 or later says about itself. */
export interface ModernLogHistory extends LogHistory {
  /** The version of the log at its end, as a byte; 0 if it has no transaction and no check point. */
  kernelVersion: number;
  /** Transactions after the last check point. */
  pending: number;
  /** The store id in the header of the newest file. */
  storeId: Buffer | undefined;
  /** The log that a full backup takes with it: from the beginning of a file on. */
  full: { files: number; bytes: number };
}

/**
 * The same as `readLogHistory` for a log of 4.2 or later: the headers of all files, the first transaction of each, and everything from the
 * file of the last check point on. Undefined if there is no log.
 * @throws GraphkeepError `log.gap`, `log.corrupt`, `log.no-check-point`, `store.format`, `file.io`, `cancelled`
 */
export async function readModernLogHistory(
  directory: string,
  signal: AbortSignal,
): Promise<ModernLogHistory | undefined> {
  return await readThoughPruned(() => readOnce(directory, signal));
}

async function readOnce(directory: string, signal: AbortSignal): Promise<ModernLogHistory | undefined> {
  const source = new LogFileSet(directory);
  try {
    const { lowest } = source;
    if (lowest === undefined) return undefined;
    const { checkPoint, from } = findLogBase(source, directory);
    const position = checkPoint?.position ?? from;
    let tail = await readTail(source, from.version, position, signal);
    // Whatever a backup takes with it has a transaction, if there is one in the log.
    while (tail.newest === undefined && tail.version > lowest) {
      tail = await readTail(source, tail.version - 1, position, signal);
    }
    const versions = Array.from({ length: tail.end.version - lowest + 1 }, (_, i) => lowest + i);
    const files = await readEachFile(
      directory,
      versions,
      (each, version) => readFile(each, version, tail.end, signal),
      signal,
    );
    if (files.length === 0) return undefined;
    const first = files.find(({ firstStartedMs }) => firstStartedMs !== undefined);
    const taken = files.filter(({ version }) => version >= tail.version);
    return {
      directory,
      files,
      bytes: sizeOf(files),
      oldest: first && { transaction: files[0]!.firstTransaction, atMs: first.firstStartedMs },
      newest: tail.newest && { transaction: tail.newest.id, atMs: tail.newest.commitTime },
      checkPoint: checkPoint && {
        position,
        atMs: checkPoint.time,
        afterMs: undefined,
        beforeMs: tail.beforeMs,
        bytesSince: bytesFrom(files, position),
      },
      kernelVersion: tail.newest?.kernelVersion ?? checkPoint?.kernelVersion ?? 0,
      pending: tail.pending,
      storeId: readModernLogHeader(source, tail.end.version)?.storeId,
      full: { files: taken.length, bytes: sizeOf(taken) },
    };
  } finally {
    source.close();
  }
}

interface Tail {
  /** The file that was begun with. */
  version: number;
  newest: LoggedTransaction | undefined;
  /** Commit of the first transaction after the check point. */
  beforeMs: number | undefined;
  /** Transactions after the check point. */
  pending: number;
  end: LogPosition;
}

async function readTail(
  source: LogFileSet,
  version: number,
  checkPoint: LogPosition,
  signal: AbortSignal,
): Promise<Tail> {
  const header = readModernLogHeader(source, version);
  // Without a header the reader says what is wrong.
  const from = header === undefined ? { version, offset: 0 } : dataStartOf(header);
  const reader = new TransactionReader(source, { from, signal });
  let newest: LoggedTransaction | undefined;
  let beforeMs: number | undefined;
  let pending = 0;
  for await (const transaction of reader) {
    newest = transaction;
    if (isBefore(transaction.start, checkPoint)) continue;
    beforeMs ??= transaction.commitTime;
    pending++;
  }
  return { version, newest, beforeMs, pending, end: reader.tail.end };
}

async function readFile(
  source: LogFileSet,
  version: number,
  end: LogPosition,
  signal: AbortSignal,
): Promise<PrunableLogFile | undefined> {
  // The server may have removed it since the directory was listed: then it is not counted.
  const header = readModernLogHeader(source, version);
  if (header === undefined) return undefined;
  // The newest one ends with zeros, up to the size at which it is closed.
  const sizeBytes = version === end.version ? end.offset : source.sizeOf(version);
  const first = await firstOf(new TransactionReader(source, { from: dataStartOf(header), through: version, signal }));
  return { version, sizeBytes, firstTransaction: header.last + 1, firstStartedMs: first?.startTime };
}

async function firstOf(reader: TransactionReader): Promise<LoggedTransaction | undefined> {
  for await (const transaction of reader) return transaction;
  return undefined;
}
