import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, warning } from '../findings/finding.ts';
import { describeSpan, MINUTE_MS } from '../findings/spans.ts';
import type { LogHistory } from './log-history.ts';

/** The server writes its check points slowly on purpose (dbms.checkpoint.iops.limit). */
const PATIENCE_MS = 30 * MINUTE_MS;

/** A copy replays so much in minutes. */
const MUCH_LOG_BYTES = 4 * 1024 ** 3;

export interface CheckPointSurroundings {
  config: ClientConfig;
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
  const { afterMs, beforeMs, bytesSince } = checkPoint;
  const { nowMs } = surroundings;
  const ageMs = afterMs === undefined ? undefined : Math.max(0, nowMs - afterMs);
  const age = ageMs === undefined ? '' : `, not older than ${describeSpan(ageMs)}`;
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
      'A full backup replays all of this. Lower dbms.checkpoint.interval.time or raise dbms.checkpoint.iops.limit on the server.',
      numbers,
    );
  }
  return inOrder('check-point', observed, numbers);
}

function isOverdue(beforeMs: number | undefined, { config, isRunning, nowMs }: CheckPointSurroundings): boolean {
  if (beforeMs === undefined || !isRunning) return false;
  return nowMs - beforeMs > config.get(settings.checkPointIntervalMs) + PATIENCE_MS;
}
