import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, warning } from '../findings/finding.ts';
import { describeSpan, MINUTE_MS } from '../findings/spans.ts';
import type { LogHistory } from './log-history.ts';
import type { LogSettings } from './log-settings.ts';

/** The server writes its check points slowly on purpose (`checkpoint.iops.limit`). */
const PATIENCE_MS = 30 * MINUTE_MS;

/** A copy replays so much in minutes. */
const MUCH_LOG_BYTES = 4 * 1024 ** 3;

export interface CheckPointSurroundings {
  settings: LogSettings;
  isRunning: boolean;
  nowMs: number;
}

/** A copy begins at the last check point: it must be there, and not too long ago. */
export function checkCheckPoint(history: LogHistory, surroundings: CheckPointSurroundings): DoctorFinding {
  const { checkPoint, files } = history;
  const lowest = files[0]!.version;
  if (checkPoint === undefined && lowest === 0) {
    return inOrder('check-point', 'none yet: the log reaches back to the beginning of the database');
  }
  if (checkPoint === undefined || checkPoint.position.version < lowest) {
    const what =
      checkPoint === undefined ? 'the log has no check point' : `log file ${checkPoint.position.version} is gone`;
    return failure(
      'check-point',
      `the log does not reach back to its last check point: ${what}`,
      'Wait until the server has written the next check point (15 minutes at most by default), then run the command again.',
    );
  }
  const { atMs, afterMs, beforeMs, bytesSince } = checkPoint;
  const { nowMs, settings } = surroundings;
  const writtenMs = atMs ?? afterMs;
  const ageMs = writtenMs === undefined ? undefined : Math.max(0, nowMs - writtenMs);
  const age = ageMs === undefined ? '' : describeAge(ageMs, atMs !== undefined);
  const observed = `in log file ${checkPoint.position.version}${age}; ${formatBytes(bytesSince)} of log since`;
  const numbers = { bytesSince, ...(ageMs === undefined ? {} : { ageMs }) };
  if (isOverdue(beforeMs, surroundings)) {
    return warning(
      'check-point',
      `${observed}; the next one is overdue, since transactions of ${describeSpan(nowMs - beforeMs!)} ago wait for it`,
      'Look for failed check points in debug.log of the server. Until it writes one, nothing is pruned, and every copy replays all of this.',
      numbers,
    );
  }
  if (bytesSince > MUCH_LOG_BYTES) {
    return warning(
      'check-point',
      observed,
      `A full backup replays all of this. Lower ${settings.names.interval} or raise ${settings.names.iopsLimit} on the server.`,
      numbers,
    );
  }
  return inOrder('check-point', observed, numbers);
}

/** Only a log of 4.2 or later says when its check point was written. */
function describeAge(ageMs: number, isExact: boolean): string {
  return isExact ? `, ${describeSpan(ageMs)} old` : `, not older than ${describeSpan(ageMs)}`;
}

function isOverdue(beforeMs: number | undefined, { settings, isRunning, nowMs }: CheckPointSurroundings): boolean {
  if (beforeMs === undefined || !isRunning) return false;
  return nowMs - beforeMs > settings.checkPointIntervalMs + PATIENCE_MS;
}
