import type { BackupOptions } from '../../backup/backup-options.ts';
import { defaultFollowIntervalMs, FollowedBackup, type FollowOptions } from '../../backup/follow/followed-backup.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { parseDurationMs } from '../../config/durations.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { describeSeconds } from '../progress/progress-text.ts';
import { FollowView } from './follow-view.ts';
import type { Reporter } from './reporter.ts';

/** The interval of `--follow`, in milliseconds; undefined if it was not given. @throws GraphkeepError `usage` */
export function readFollowInterval(values: OptionValues, options: BackupOptions): number | undefined {
  if (!values.isGiven('follow')) return undefined;
  if (values.optional('follow') === undefined) return defaultFollowIntervalMs(options);
  const intervalMs = parseOption(values, 'follow', parseDurationMs);
  if (intervalMs === 0) throw new GraphkeepError('usage', '--follow must be more than 0, as in 1s');
  return intervalMs;
}

/** Follows until SIGINT, SIGTERM or SIGHUP, which is the ordinary end once there is a backup. */
export async function followUntilStopped(
  options: FollowOptions,
  { signal, now }: CommandContext,
  reporter: Reporter,
): Promise<void> {
  const view = new FollowView(reporter, () => now().getTime());
  reporter.answerStateWith(() => view.describeState());
  const report = await new FollowedBackup(options, view.show).run(signal);
  const { fullBackups, incrementalBackups, lastTransaction, durationMs, directory } = report;
  const made = `${count(fullBackups, 'full backup')} and ${count(incrementalBackups, 'incremental one')}`;
  const text =
    `Stopped after ${describeSeconds(durationMs)} with ${made}.\n` +
    printableLine(`${directory} is complete up to transaction ${lastTransaction}.`);
  reporter.report(text, report);
}

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;
