import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { findLastCheckPoint, findShutdownCheckPoint, versionsDownward, withSource } from './check-points.ts';
import { beginningOf } from './log-header.ts';
import { LogReader } from './log-reader.ts';
import type { LogCheckPoint } from './log-transaction.ts';

/** What the log says about the state of its store (spec transaction-logs 7.1). */
export interface RecoveryStart {
  /** True if anything after {@link position} must be replayed or cut off. */
  needed: boolean;
  /** Where replay begins; undefined if there is no log. */
  position: LogPosition | undefined;
  lastCheckPoint: LogCheckPoint | undefined;
  /** The check point names a file below the lowest one, so replay begins at the lowest (spec common-protocol 15.2). */
  checkPointFileMissing: boolean;
  /** End of the last complete transaction or check point; the log is cut here. */
  lastGoodEnd: LogPosition | undefined;
  /** Bytes after it that do not form a complete transaction or check point. */
  tornBytes: number;
  /** Number of transactions from {@link position} on. */
  transactions: number;
  /** The last transaction of the log from {@link position} on; undefined if there is none. */
  lastTransaction: LastTransaction | undefined;
}

export interface LastTransaction {
  transactionId: number;
  /** The end of its last entry. */
  end: LogPosition;
  checksum: bigint;
  timeCommitted: number;
}

/**
 * Decides whether the store of this log needs recovery, and from where. The last bytes of the newest file identify a cleanly closed store;
 * otherwise the log is scanned. Without a check point the whole log is replayed if it begins at version 0; else the error is
 * `log.no-check-point`.
 */
export function findRecoveryStart(log: LogSource | string): RecoveryStart {
  return withSource(log, (source) => {
    const shutdown = findShutdownCheckPoint(source);
    if (shutdown !== undefined) return cleanLog(shutdown);
    const newest = versionsDownward(source).next().value;
    if (newest === undefined) return emptyLog();
    const lastCheckPoint = findLastCheckPoint(source);
    const position = startFrom(source, lastCheckPoint);
    const checkPointFileMissing = lastCheckPoint !== undefined && lastCheckPoint.target.version < position.version;
    return { lastCheckPoint, checkPointFileMissing, ...scanFrom(source, position) };
  });
}

function cleanLog(lastCheckPoint: LogCheckPoint): RecoveryStart {
  const end = { version: lastCheckPoint.at.version, offset: lastCheckPoint.endOffset };
  return { ...emptyLog(), position: lastCheckPoint.target, lastCheckPoint, lastGoodEnd: end };
}

function emptyLog(): RecoveryStart {
  return {
    needed: false,
    position: undefined,
    lastCheckPoint: undefined,
    checkPointFileMissing: false,
    lastGoodEnd: undefined,
    tornBytes: 0,
    transactions: 0,
    lastTransaction: undefined,
  };
}

function startFrom(source: LogSource, checkPoint: LogCheckPoint | undefined): LogPosition {
  const lowest = source.lowest ?? 0;
  const beginning = beginningOf(lowest);
  if (checkPoint === undefined) {
    if (lowest === 0) return beginning;
    throw new GraphkeepError('log.no-check-point', 'the log has no check point and does not begin with file 0', {
      place: { file: source.nameOf(lowest) },
    });
  }
  const { target, at } = checkPoint;
  const isAfter = target.version > at.version || (target.version === at.version && target.offset > at.offset);
  if (isAfter) {
    throw new GraphkeepError('log.corrupt', 'a check point names a position after itself', {
      place: { file: source.nameOf(at.version), offset: at.offset },
      observed: `log ${target.version}, offset ${target.offset}`,
    });
  }
  return target.version < lowest ? beginning : target;
}

function scanFrom(
  source: LogSource,
  position: LogPosition,
): Pick<RecoveryStart, 'needed' | 'position' | 'lastGoodEnd' | 'tornBytes' | 'transactions' | 'lastTransaction'> {
  const reader = new LogReader(source, { from: position });
  let transactions = 0;
  let lastTransaction: LastTransaction | undefined;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    transactions++;
    const { transactionId, checksum, timeCommitted } = item;
    const end = { version: item.version, offset: item.endOffset };
    lastTransaction = { transactionId, checksum, timeCommitted, end };
  }
  const { tornBytes } = reader;
  const needed = transactions > 0 || tornBytes > 0;
  return { needed, position, lastGoodEnd: reader.position, tornBytes, transactions, lastTransaction };
}
