import type { RetentionPolicy } from '../../config/retention-policy.ts';
import type { LogSource } from '../log-source.ts';
import { START_FIXED_BYTES } from './entries/start-entry.ts';
import { beginningOf, LOG_HEADER_BYTES, readLogHeader } from './log-header.ts';
import { LogReader } from './log-reader.ts';

/** What the planner needs to know about a log file. */
export interface PrunableLogFile {
  version: number;
  sizeBytes: number;
  /** Id of the first transaction in the file, now or later: previous transaction of its header + 1. */
  firstTransaction: number;
  /** Start time of the first transaction in the file; undefined if there is none. */
  firstStartedMs: number | undefined;
}

export interface PruneRequest {
  policy: RetentionPolicy;
  /** Log version of the last check point's position: only older files may be removed. */
  checkPointVersion: number;
  lastCommitted: number;
  nowMs: number;
}

/**
 * Plans which files may be removed after a check point, lowest first: removing them in this order leaves no gap after a crash (spec
 * transaction-logs 6.3, spec backup-command 6.1). Goes down from the file below the check point. The first file at which the policy has
 * enough is removed with all below it; the file directly below the check point always stays. Pure: `fileAt` is called only for files that
 * the policy must look at. If it returns undefined (no such file), nothing is removed.
 */
export function planPruning(
  request: PruneRequest,
  lowestVersion: number,
  fileAt: (version: number) => PrunableLogFile | undefined,
): number[] {
  const hasEnough = makeThreshold(request);
  for (let version = request.checkPointVersion - 1; version >= lowestVersion; version--) {
    const file = fileAt(version);
    const next = fileAt(version + 1);
    if (file === undefined || next === undefined) return [];
    if (file.sizeBytes <= LOG_HEADER_BYTES || !hasEnough(file, next)) continue;
    const highest = Math.min(version, request.checkPointVersion - 2);
    return Array.from({ length: Math.max(0, highest - lowestVersion + 1) }, (_, index) => lowestVersion + index);
  }
  return [];
}

type Threshold = (file: PrunableLogFile, next: PrunableLogFile) => boolean;

/** Answers "is it enough with this file?", called from the newest file to the oldest. */
function makeThreshold({ policy, lastCommitted, nowMs }: PruneRequest): Threshold {
  let files = 0;
  let bytes = 0;
  switch (policy.keep) {
    case 'all':
      return () => false;
    case 'files':
      return () => ++files >= policy.count;
    case 'size':
      return (file) => {
        bytes += file.sizeBytes;
        return bytes >= policy.bytes;
      };
    case 'transactions':
      return (_file, next) => lastCommitted - next.firstTransaction >= policy.count;
    case 'time':
      return (file) => file.firstStartedMs !== undefined && file.firstStartedMs < nowMs - policy.ms;
  }
}

/** Reads what {@link planPruning} needs: the header and the first transaction of a file. */
export function readPrunableFile(source: LogSource, version: number): PrunableLogFile | undefined {
  const header = readLogHeader(source, version);
  if (header === undefined) return undefined;
  return {
    version,
    sizeBytes: source.sizeOf(version),
    firstTransaction: header.previousTransaction + 1,
    firstStartedMs: readFirstStart(source, version),
  };
}

function readFirstStart(source: LogSource, version: number): number | undefined {
  if (source.sizeOf(version) < LOG_HEADER_BYTES + START_FIXED_BYTES) return undefined;
  const from = beginningOf(version);
  const reader = new LogReader(source, { from, through: version, windowBytes: 4096 });
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'transaction') return item.timeStarted;
  }
  return undefined;
}
