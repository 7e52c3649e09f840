import type { RetentionPolicy } from '../../config/retention-policy.ts';
import type { PrunableLogFile } from '../../log/v3/retention.ts';
import type { LogHistory } from './log-history.ts';
import type { LogSettings } from './log-settings.ts';

/*
 * When a log file will be pruned, from the settings of the server and the traffic so far. Pruning follows a check point and removes whole
 * files, so what matters is how long a file takes to be filled (spec transaction-logs 6.3; `planPruning` in src/log/v3/retention.ts is the
 * rule itself). For the file v that holds the next transaction of a backup:
 *
 *   - whatever the policy, v stays until the check point is in file v + 2, or v + 1 since 5.0
 *   - a policy of time removes v when its *first* transaction is old enough, so the last ones of v are younger then
 *   - a policy of size, files or transactions removes v when enough has been written after it
 */

/** Traffic of a log. Rates are per millisecond. */
export interface LogTraffic {
  spanMs: number;
  bytesPerMs: number;
  transactionsPerMs: number;
  /** How long the fastest and the slowest file took to be filled, or would take at this rate. */
  shortestFileMs: number;
  longestFileMs: number;
}

/** A shorter time says nothing about the traffic. */
const LEAST_SPAN_MS = 100;

/** From the oldest transaction to the present, with all pauses in between. Undefined if there is none, or if it is too young. */
export function measureTraffic(history: LogHistory, rotationBytes: number, nowMs: number): LogTraffic | undefined {
  const { files, bytes, oldest, newest } = history;
  if (oldest?.atMs === undefined || newest === undefined) return undefined;
  const spanMs = nowMs - oldest.atMs;
  if (spanMs < LEAST_SPAN_MS) return undefined;
  const bytesPerMs = bytes / spanMs;
  const spans = fileSpans(files);
  const expectedMs = rotationBytes / bytesPerMs;
  const ageOfNewestMs = nowMs - (files.at(-1)?.firstStartedMs ?? nowMs);
  return {
    spanMs,
    bytesPerMs,
    transactionsPerMs: (newest.transaction - oldest.transaction + 1) / spanMs,
    shortestFileMs: spans.length === 0 ? expectedMs : Math.min(...spans),
    longestFileMs: Math.max(...(spans.length === 0 ? [expectedMs] : spans), ageOfNewestMs),
  };
}

/** From the first transaction of a file to that of the next one. */
function fileSpans(files: readonly PrunableLogFile[]): number[] {
  const begun = files.map(({ firstStartedMs }) => firstStartedMs ?? 0).filter((ms) => ms > 1);
  return begun.slice(1).map((ms, at) => Math.max(0, ms - begun[at]!));
}

/** What decides on pruning. */
export type PruningSettings = Pick<LogSettings, 'policies' | 'rotationBytes' | 'alwaysKept'>;

/**
 * The longest time between two backups after which the second one is sure to find its next transaction, if the traffic stays as it is:
 * the first one was made just before a rotation. Infinite if the log is never pruned.
 */
export function longestPause({ policies, ...settings }: PruningSettings, traffic: LogTraffic): number {
  return Math.min(...policies.map((policy) => pauseOf(policy, settings, traffic)));
}

function pauseOf(
  policy: RetentionPolicy,
  { rotationBytes, alwaysKept }: Omit<PruningSettings, 'policies'>,
  { shortestFileMs, longestFileMs, ...traffic }: LogTraffic,
): number {
  const files = (count: number) => (Math.max(alwaysKept, count) - 1) * shortestFileMs;
  switch (policy.keep) {
    case 'all':
      return Number.POSITIVE_INFINITY;
    case 'files':
      return files(policy.count);
    case 'size':
      return files(Math.ceil(policy.bytes / rotationBytes));
    case 'transactions':
      return Math.max(files(alwaysKept), policy.count / traffic.transactionsPerMs);
    case 'time':
      return Math.max(files(alwaysKept), policy.ms - longestFileMs);
  }
}

/** In how many milliseconds the file of this version may be pruned at the earliest, if the traffic stays as it is; may be infinite. */
export function timeUntilPruned(
  version: number,
  { policies, rotationBytes, alwaysKept }: PruningSettings,
  { files, newest: last }: LogHistory,
  traffic: LogTraffic,
  nowMs: number,
): number {
  const { bytesPerMs, transactionsPerMs, shortestFileMs } = traffic;
  const newest = files.at(-1)!;
  const kept = files.filter((file) => file.version >= version);
  const rotations = Math.max(0, version + alwaysKept - newest.version);
  const restOfNewestMs = Math.max(0, rotationBytes - newest.sizeBytes) / bytesPerMs;
  const untilRotated = rotations === 0 ? 0 : restOfNewestMs + (rotations - 1) * shortestFileMs;
  const byPolicy = (policy: RetentionPolicy): number => {
    switch (policy.keep) {
      case 'all':
        return Number.POSITIVE_INFINITY;
      case 'files':
        return Math.max(0, policy.count - kept.length) * shortestFileMs;
      case 'size':
        return Math.max(0, policy.bytes - kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)) / bytesPerMs;
      case 'transactions':
        return (
          Math.max(0, policy.count - ((last?.transaction ?? 0) - (kept[1] ?? newest).firstTransaction)) /
          transactionsPerMs
        );
      case 'time':
        return Math.max(0, (kept[0]?.firstStartedMs ?? nowMs) + policy.ms - nowMs);
    }
  };
  return Math.max(untilRotated, Math.min(...policies.map(byPolicy)));
}
