import type { RetentionPolicy } from '../../config/retention-policy.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';
import { DAY_MS, describeSpan, HOUR_MS } from '../findings/spans.ts';
import type { LogHistory } from './log-history.ts';
import type { LogSettings } from './log-settings.ts';
import { type LogTraffic, longestPause } from './retention-forecast.ts';

/** Below this the log consists of very many files. */
const SMALL_ROTATION_BYTES = 16 * 1024 * 1024;

const LONG_CHECK_POINT_INTERVAL_MS = HOUR_MS;

/** A full backup so rarely is nothing to warn of. */
const RARE_MS = 30 * DAY_MS;

/** How much is written. */
export function describeTraffic(traffic: LogTraffic | undefined): DoctorFinding {
  if (traffic === undefined) return unseen('log-rate', 'there are too few transactions in the log to tell');
  const { bytesPerMs, transactionsPerMs, spanMs } = traffic;
  const numbers = {
    bytesPerHour: bytesPerMs * HOUR_MS,
    transactionsPerHour: transactionsPerMs * HOUR_MS,
    overMs: spanMs,
  };
  const observed =
    `${formatBytes(Math.round(numbers.bytesPerHour))} and ${Math.round(numbers.transactionsPerHour)} transactions per hour, ` +
    `measured over ${describeSpan(spanMs)}`;
  return inOrder('log-rate', observed, numbers);
}

/** How far the log reaches back, and how late an incremental may come. */
export function checkRetention(
  { oldest }: LogHistory,
  traffic: LogTraffic | undefined,
  settings: LogSettings,
  nowMs: number,
): DoctorFinding {
  const { policies, policyText, leastPauseMs } = settings;
  const text = `${settings.names.retention}=${policyText}`;
  const reachMs = oldest?.atMs === undefined ? undefined : Math.max(0, nowMs - oldest.atMs);
  const reach = reachMs === undefined ? '' : `; the log reaches back ${describeSpan(reachMs)}`;
  const reached = reachMs === undefined ? {} : { reachesBackMs: reachMs };
  const pause = traffic && longestPause(settings, traffic);
  if (policies.some(keepsNothing)) {
    const why = 'only the newest files of the log stay, however young the others are';
    const paused = pause === undefined ? {} : { longestPauseMs: pause };
    return warning('retention', `${text}${reach}; ${why}`, adviseOn(settings), { ...reached, ...paused });
  }
  if (policies.every(({ keep }) => keep === 'all')) {
    return inOrder('retention', `${text}: the log is never pruned, and takes ever more room${reach}`, reached);
  }
  if (pause === undefined)
    return unseen('retention', `${text}${reach}; too few transactions to tell how long they stay`);
  const numbers = { ...reached, longestPauseMs: pause };
  const fileMs = traffic?.shortestFileMs ?? 0;
  if (pause < leastPauseMs && fileMs > RARE_MS) {
    const why = `with this traffic a file of the log is filled in ${describeSpan(fileMs)}, and only the first backup after that may be a full one`;
    return inOrder('retention', `${text}${reach}; ${why}`, numbers);
  }
  const observed = `${text}${reach}; with this traffic an incremental may come up to ${describeSpan(pause)} after the last backup`;
  return pause < leastPauseMs
    ? warning('retention', observed, adviseOn(settings), numbers)
    : inOrder('retention', observed, numbers);
}

function keepsNothing(policy: RetentionPolicy): boolean {
  return (policy.keep === 'transactions' || policy.keep === 'files') && policy.count <= 1;
}

function adviseOn({ names, longerPolicy }: LogSettings): string {
  return (
    `Set ${names.retention}=${longerPolicy} in neo4j.conf of the server, or make backups more often. ` +
    'A backup that comes too late is a full one.'
  );
}

/** Settings that make backups slow, or their log hard to keep. */
export function checkLogSettings(settings: LogSettings): DoctorFinding {
  const { rotationBytes, checkPointIntervalMs, checkPointIntervalTransactions, names, unreadable } = settings;
  const observed =
    `rotation at ${formatBytes(rotationBytes)}, check points every ${describeSpan(checkPointIntervalMs)} or ` +
    `${checkPointIntervalTransactions} transactions`;
  const numbers = { rotationBytes, checkPointIntervalMs };
  const remedies = [
    ...(unreadable.length === 0
      ? []
      : [`Correct ${unreadable.join(', ')} in neo4j.conf: what stands there cannot be read, so defaults are assumed.`]),
    ...(rotationBytes < SMALL_ROTATION_BYTES
      ? [
          `Raise ${names.rotation} (${names.rotationDefault} by default): the log consists of very many files, and a backup opens all of them.`,
        ]
      : []),
    ...(checkPointIntervalMs > LONG_CHECK_POINT_INTERVAL_MS
      ? [
          `Lower ${names.interval} (${names.intervalDefault} by default): a full backup replays the log since the last check point.`,
        ]
      : []),
  ];
  if (remedies.length === 0) return inOrder('log-settings', observed, numbers);
  return warning('log-settings', observed, remedies.join(' '), numbers);
}
