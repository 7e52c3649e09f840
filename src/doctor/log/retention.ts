import type { ClientConfig } from '../../config/neo4j-conf.ts';
import type { RetentionPolicy } from '../../config/retention-policy.ts';
import { settings } from '../../config/settings.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';
import { DAY_MS, describeSpan, HOUR_MS } from '../findings/spans.ts';
import type { LogHistory } from './log-history.ts';
import { type LogTraffic, longestPause } from './retention-forecast.ts';

/** A nightly backup may fail once, and the next night is still incremental. */
const LEAST_PAUSE_MS = 2 * DAY_MS;

/** Below this the log consists of very many files. */
const SMALL_ROTATION_BYTES = 16 * 1024 * 1024;

const LONG_CHECK_POINT_INTERVAL_MS = HOUR_MS;

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
  config: ClientConfig,
  nowMs: number,
): DoctorFinding {
  const policy = config.get(settings.retentionPolicy);
  const text = `${settings.retentionPolicy.name}=${describePolicy(config)}`;
  const reachMs = oldest?.atMs === undefined ? undefined : Math.max(0, nowMs - oldest.atMs);
  const reach = reachMs === undefined ? '' : `; the log reaches back ${describeSpan(reachMs)}`;
  const reached = reachMs === undefined ? {} : { reachesBackMs: reachMs };
  if (keepsNothing(policy)) {
    const why = 'only the newest files of the log stay, however young the others are';
    return warning('retention', `${text}${reach}; ${why}`, adviseOn(config), {
      ...reached,
      ...paused(policy, traffic, config),
    });
  }
  if (policy.keep === 'all') {
    return inOrder('retention', `${text}: the log is never pruned, and takes ever more room${reach}`, reached);
  }
  if (traffic === undefined)
    return unseen('retention', `${text}${reach}; too few transactions to tell how long they stay`);
  const pauseMs = longestPause(policy, traffic, config.get(settings.rotationSizeBytes));
  const observed = `${text}${reach}; with this traffic an incremental may come up to ${describeSpan(pauseMs)} after the last backup`;
  const numbers = { ...reached, longestPauseMs: pauseMs };
  return pauseMs < LEAST_PAUSE_MS
    ? warning('retention', observed, adviseOn(config), numbers)
    : inOrder('retention', observed, numbers);
}

function paused(policy: RetentionPolicy, traffic: LogTraffic | undefined, config: ClientConfig) {
  if (traffic === undefined) return {};
  return { longestPauseMs: longestPause(policy, traffic, config.get(settings.rotationSizeBytes)) };
}

function keepsNothing(policy: RetentionPolicy): boolean {
  return (policy.keep === 'transactions' || policy.keep === 'files') && policy.count <= 1;
}

function describePolicy(config: ClientConfig): string {
  return config.text(settings.retentionPolicy.name) ?? settings.retentionPolicy.default;
}

function adviseOn(config: ClientConfig): string {
  const isDefault = describePolicy(config) === settings.retentionPolicy.default;
  const longer = isDefault ? '14 days' : settings.retentionPolicy.default;
  return (
    `Set dbms.tx_log.rotation.retention_policy=${longer} in neo4j.conf of the server, or make backups more often. ` +
    'A backup that comes too late is a full one.'
  );
}

/** Settings that make backups slow, or their log hard to keep. */
export function checkLogSettings(config: ClientConfig): DoctorFinding {
  const rotationBytes = config.get(settings.rotationSizeBytes);
  const intervalMs = config.get(settings.checkPointIntervalMs);
  const observed =
    `rotation at ${formatBytes(rotationBytes)}, check points every ${describeSpan(intervalMs)} or ` +
    `${config.get(settings.checkPointIntervalTransactions)} transactions`;
  const numbers = { rotationBytes, checkPointIntervalMs: intervalMs };
  const remedies = [
    ...(rotationBytes < SMALL_ROTATION_BYTES
      ? [
          'Raise dbms.tx_log.rotation.size (250M by default): the log consists of very many files, and a backup opens all of them.',
        ]
      : []),
    ...(intervalMs > LONG_CHECK_POINT_INTERVAL_MS
      ? [
          'Lower dbms.checkpoint.interval.time (15m by default): a full backup replays the log since the last check point.',
        ]
      : []),
  ];
  if (remedies.length === 0) return inOrder('log-settings', observed, numbers);
  return warning('log-settings', observed, remedies.join(' '), numbers);
}
