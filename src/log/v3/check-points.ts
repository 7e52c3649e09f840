import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import { LogFileSet, type LogSource } from '../log-source.ts';
import { CHECK_POINT_ENTRY_BYTES, decodeCheckPointEntry } from './entries/check-point-entry.ts';
import { CHECK_POINT_ENTRY, CURRENT_ENTRY_VERSION_BYTE } from './entries/entry-types.ts';
import { corruptLog, relocateError } from './fields/log-integer.ts';
import { beginningOf, LOG_HEADER_BYTES, readLogHeader } from './log-header.ts';
import { LogReader } from './log-reader.ts';
import type { LogCheckPoint } from './log-transaction.ts';

/** How many bytes at the end of the newest file are searched for the check points of a clean shutdown. */
const TAIL_BYTES = 4096;

/** Versions from the newest file with a header down to the lowest. */
export function* versionsDownward(source: LogSource): Generator<number, void> {
  const { lowest, highest } = source;
  if (lowest === undefined || highest === undefined) return;
  for (let version = highest; version >= lowest; version--) {
    if (version === highest && readLogHeader(source, version) === undefined) continue;
    yield version;
  }
}

/**
 * The last check point entry of the log, whatever position it names (spec transaction-logs 7.1); undefined if there is none. Scans from the
 * newest file downward. Throws `log.corrupt` for an older file that ends inside an entry.
 */
export function findLastCheckPoint(log: LogSource | string): LogCheckPoint | undefined {
  return withSource(log, (source) => {
    let newest = true;
    for (const version of versionsDownward(source)) {
      const found = lastCheckPointOf(source, version, newest);
      if (found !== undefined) return found;
      newest = false;
    }
    return undefined;
  });
}

/**
 * Where a copy of a running database has to be replayed from: the position of its last check point, as long as the log reaches back to it.
 * @throws GraphkeepError `log.no-check-point`
 */
export function copyStartOf(log: LogFileSet, checkPoint: LogCheckPoint | undefined): LogPosition {
  const { lowest } = log;
  if (checkPoint !== undefined && checkPoint.target.version >= (lowest ?? 0)) return checkPoint.target;
  if (checkPoint === undefined && lowest === 0) return beginningOf(0);
  throw new GraphkeepError('log.no-check-point', 'the log does not reach back to its last check point', {
    place: { file: log.directory },
    observed: checkPoint === undefined ? 'no check point' : `log ${checkPoint.target.version} is gone`,
    hint: 'Wait until the server has written the next check point (15 minutes at most by default), then run the command again.',
  });
}

function lastCheckPointOf(source: LogSource, version: number, newest: boolean): LogCheckPoint | undefined {
  const reader = new LogReader(source, { from: beginningOf(version), through: version });
  let last: LogCheckPoint | undefined;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'checkPoint') last = item;
  }
  if (!newest && reader.tornBytes > 0) {
    const error = corruptLog('a log file that is not the newest ends inside an entry', reader.position.offset);
    throw relocateError(error, 0, { file: source.nameOf(version) });
  }
  return last;
}

/**
 * Recognizes a clean shutdown from the end of the newest file: the last entry is a check point, and only check points follow the position
 * it names. Undefined proves nothing; the log must then be scanned.
 *
 * Data cannot be mistaken for these entries, because each must name the exact offset of an entry in this sequence.
 */
export function findShutdownCheckPoint(log: LogSource | string): LogCheckPoint | undefined {
  return withSource(log, (source) => {
    const version = versionsDownward(source).next().value;
    if (version === undefined) return undefined;
    const size = source.sizeOf(version);
    const from = Math.max(LOG_HEADER_BYTES, size - TAIL_BYTES);
    const tail = Buffer.alloc(size - from);
    const length = source.read(version, tail, 0, tail.length, from);
    return length === tail.length ? shutdownCheckPointIn(source, version, tail, from) : undefined;
  });
}

function shutdownCheckPointIn(
  source: LogSource,
  version: number,
  tail: Buffer,
  from: number,
): LogCheckPoint | undefined {
  const lastAt = tail.length - CHECK_POINT_ENTRY_BYTES;
  if (!isCheckPointAt(tail, lastAt)) return undefined;
  const target = decodeCheckPointEntry(tail, lastAt);
  const last: LogCheckPoint = {
    kind: 'checkPoint',
    at: { version, offset: from + lastAt },
    target,
    endOffset: from + tail.length,
  };
  for (let at = lastAt; isCheckPointAt(tail, at); at -= CHECK_POINT_ENTRY_BYTES) {
    if (target.version === version && target.offset === from + at) return last;
    const endsBefore = from + at === LOG_HEADER_BYTES && target.version === version - 1;
    if (endsBefore && target.version >= (source.lowest ?? 0) && target.offset === source.sizeOf(target.version)) {
      return last;
    }
  }
  return undefined;
}

function isCheckPointAt(tail: Buffer, at: number): boolean {
  return at >= 0 && tail[at] === CURRENT_ENTRY_VERSION_BYTE && tail[at + 1] === CHECK_POINT_ENTRY;
}

/** Runs `use` with the given files, or with those of a directory, which it opens and closes. */
export function withSource<T>(log: LogSource | string, use: (source: LogSource) => T): T {
  if (typeof log !== 'string') return use(log);
  const files = new LogFileSet(log);
  try {
    return use(files);
  } finally {
    files.close();
  }
}
