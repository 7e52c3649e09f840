import type { GraphkeepError } from '../../base/errors.ts';
import { describeError, hasCode } from '../../base/errors.ts';
import { type DoctorFinding, failureOf, inOrder, warning } from '../findings/finding.ts';
import { DAY_MS, describeSpan } from '../findings/spans.ts';
import type { LogHistory } from './log-history.ts';
import type { LogSettings } from './log-settings.ts';
import { type LogTraffic, timeUntilPruned } from './retention-forecast.ts';

/** The next transaction should stay until the next night. */
const SOON_MS = DAY_MS;

/** After these a backup makes a full one, if it may. */
function isForFallback(error: unknown): error is GraphkeepError {
  return hasCode(error, 'peer.history-pruned', 'peer.other-store', 'peer.diverged', 'peer.behind');
}

/** The source cannot continue the backup. `then`: what becomes of the backup that is there. */
export function describeBreak(error: GraphkeepError, then = 'this one is kept beside it'): DoctorFinding {
  if (!isForFallback(error)) return failureOf('continuation', error);
  return warning(
    'continuation',
    `no: ${describeError(error)}`,
    `The next backup is a full one, and ${then}. ${error.hint}`,
  );
}

/** What a network source can tell. */
export function describeContinuation(last: number, hasNew: boolean): DoctorFinding {
  return hasNew
    ? inOrder('continuation', `yes: the server still has transaction ${last + 1}`)
    : inOrder('continuation', `yes: there is nothing after transaction ${last}`);
}

export interface PruningSurroundings {
  settings: LogSettings;
  traffic: LogTraffic | undefined;
  nowMs: number;
}

/** The same from the files of a server, with the time at which the next transaction may be gone. */
export function describeLiveContinuation(
  last: number,
  hasNew: boolean,
  history: LogHistory,
  { settings, traffic, nowMs }: PruningSurroundings,
): DoctorFinding {
  const file = history.files.findLast(({ firstTransaction }) => firstTransaction <= last + 1);
  if (!hasNew || file === undefined || traffic === undefined) return describeContinuation(last, hasNew);
  const leftMs = timeUntilPruned(file.version, settings, history, traffic, nowMs);
  const missing = (history.newest?.transaction ?? last) - last;
  const stays = Number.isFinite(leftMs) ? `with this traffic for another ${describeSpan(leftMs)}` : 'for ever';
  const observed = `yes: the log has transaction ${last + 1}, and keeps it ${stays}; ${missing} transactions are missing`;
  const numbers = { missingTransactions: missing, leftMs };
  if (leftMs >= SOON_MS) return inOrder('continuation', observed, numbers);
  const remedy = `Make the next backup before that, or raise ${settings.names.retention}. After that it is a full one.`;
  return warning('continuation', observed, remedy, numbers);
}

/** Size of the log that an incremental reads, at most. */
export function missingLogBytes(last: number, { files }: LogHistory): number {
  const from = files.findLastIndex(({ firstTransaction }) => firstTransaction <= last + 1);
  return files.slice(Math.max(0, from)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
