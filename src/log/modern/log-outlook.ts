import { GraphkeepError } from '../../base/errors.ts';
import { isBefore, type LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { type LoggedCheckPoint, readLastCheckPoint } from './check-points/check-point-log.ts';
import { requireKnownKernelVersion } from './fields/kernel-version.ts';
import { dataStartOf, type ModernLogHeader, readModernLogHeader } from './fields/log-header.ts';
import type { LoggedTransaction } from './fields/logged-transaction.ts';
import { type LogTail, TransactionReader } from './transaction-reader.ts';

/** Where a server would begin to recover the database of this log. */
export interface LogBase {
  /** Undefined if there is none yet: everything since the creation of the database is in the log. */
  readonly checkPoint: LoggedCheckPoint | undefined;
  /** The log is needed from here on. */
  readonly from: LogPosition;
}

/** What a server would find at its start. */
export interface ModernLogOutlook extends LogBase {
  /** How many transactions follow {@link LogBase.from}. */
  readonly transactions: number;
  /** The last one; undefined if there is none. */
  readonly last: LoggedTransaction | undefined;
  readonly tail: LogTail;
}

/**
 * The last completed check point and where recovery begins. Without any check point that is the beginning of file 0: servers of 4.2 to 5.9
 * write the first one only when it is due (spec modern-logs 8).
 *
 * @param directory where the check point files are
 * @throws GraphkeepError `log.no-check-point`, `log.gap` if the log does not reach back to it, `log.corrupt`, `store.format`, `file.io`
 */
export function findLogBase(source: LogSource, directory: string): LogBase {
  const checkPoint = readLastCheckPoint(directory);
  return { checkPoint, from: checkPoint === undefined ? beginningOf(source, directory) : fromOf(source, checkPoint) };
}

function beginningOf(source: LogSource, directory: string): LogPosition {
  const { lowest } = source;
  const header = lowest === undefined ? undefined : readModernLogHeader(source, lowest);
  if (header !== undefined) requireCheckPointsOutside(source, header);
  if (lowest === 0 && header !== undefined) return dataStartOf(header);
  throw new GraphkeepError('log.no-check-point', 'the log has no check point and does not begin with file 0', {
    place: { file: directory },
    observed: lowest === undefined ? 'no log files' : `the lowest is ${lowest}`,
  });
}

/** 4.0 and 4.1 have check points, but in the log. */
function requireCheckPointsOutside(source: LogSource, { version, dataStart, format }: ModernLogHeader): void {
  const first = Buffer.alloc(1);
  source.read(version, first, 0, 1, dataStart);
  if (format === 7 && first[0] !== 0) requireKnownKernelVersion(first[0]!, source.nameOf(version), dataStart);
}

function fromOf(source: LogSource, checkPoint: LoggedCheckPoint): LogPosition {
  const { position, oldestOpen } = checkPoint;
  const from = isBefore(oldestOpen, position) ? oldestOpen : position;
  const { lowest, highest } = source;
  if (lowest !== undefined && highest !== undefined && from.version >= lowest && position.version <= highest)
    return from;
  throw new GraphkeepError('log.gap', 'the log does not hold the position of its last check point', {
    place: { file: source.nameOf(from.version) },
    observed: lowest === undefined ? 'no log files' : `files ${lowest} to ${highest}`,
  });
}

/**
 * Reads the log from its last check point to its end.
 * @throws GraphkeepError the errors of {@link findLogBase} and {@link TransactionReader}
 */
export async function readLogOutlook(
  source: LogSource,
  directory: string,
  signal?: AbortSignal,
): Promise<ModernLogOutlook> {
  const base = findLogBase(source, directory);
  const reader = new TransactionReader(source, { from: base.from, signal });
  let transactions = 0;
  let last: LoggedTransaction | undefined;
  for await (last of reader) transactions++;
  return { ...base, transactions, last, tail: reader.tail };
}
