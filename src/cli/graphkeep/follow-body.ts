import type { BackupOptions } from '../../backup/backup-options.ts';
import { FollowedBackup, type FollowReport } from '../../backup/follow/followed-backup.ts';
import { followSource } from '../../backup/follow/followed-source.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { parseDurationMs } from '../../config/durations.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { describeSeconds } from '../progress/progress-text.ts';
import { FollowView } from './follow-view.ts';
import type { Reporter } from './reporter.ts';

/** The interval of `--follow`, in milliseconds; undefined if it was not given. @throws GraphkeepError `usage` */
export function readFollowInterval(values: OptionValues, defaultMs: number): number | undefined {
  if (!values.isGiven('follow')) return undefined;
  if (values.optional('follow') === undefined) return defaultMs;
  const intervalMs = parseOption(values, 'follow', parseDurationMs);
  if (intervalMs === 0) throw new GraphkeepError('usage', '--follow must be more than 0, as in 1s');
  return intervalMs;
}

/** Follows until SIGINT, SIGTERM or SIGHUP, which is the ordinary end once there is a backup. */
export async function followUntilStopped(
  options: BackupOptions,
  intervalMs: number,
  { signal, now }: CommandContext,
  reporter: Reporter,
): Promise<void> {
  const view = new FollowView(reporter, () => now().getTime());
  reporter.answerStateWith(() => view.describeState());
  const report = await new FollowedBackup(followSource(options), intervalMs, view.show).run(signal);
  reporter.report(describeStop([report]), report);
}

/** What was followed, when it is stopped. */
export function describeStop(reports: readonly FollowReport[]): string {
  const sum = (of: (report: FollowReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  const full = count(
    sum(({ fullBackups }) => fullBackups),
    'full backup',
  );
  const incremental = count(
    sum(({ incrementalBackups }) => incrementalBackups),
    'incremental one',
  );
  const durationMs = Math.max(...reports.map((report) => report.durationMs));
  const states = reports.map(({ directory, lastTransaction }) =>
    printableLine(`${directory} is complete up to transaction ${lastTransaction}.`),
  );
  return [`Stopped after ${describeSeconds(durationMs)} with ${full} and ${incremental}.`, ...states].join('\n');
}

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;
