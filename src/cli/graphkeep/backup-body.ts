import type { BackupOptions } from '../../backup/backup-options.ts';
import { defaultFollowIntervalMs } from '../../backup/follow/followed-source.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { parseFileAddress } from '../../config/addresses.ts';
import type { CommandContext } from '../command-context.ts';
import { requestBackup } from '../commands/backup-request.ts';
import type { OptionValues } from '../option-values.ts';
import { describePolicyNotice } from '../wording/policy-text.ts';
import { readBackupPlace } from './backup-place.ts';
import { BackupTimes, describeBackup } from './backup-summary.ts';
import { BackupView } from './backup-view.ts';
import { noteOfEvent } from './event-data.ts';
import { followUntilStopped, readFollowInterval } from './follow-body.ts';
import type { Invocation } from './program.ts';
import { limitRate } from './rate-limit-option.ts';
import type { Reporter } from './reporter.ts';

/** @returns the exit code */
export async function backupBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  if (leavesProcessor(values)) context.lowerPriority?.();
  const modern = await findModern(values, context);
  if (modern !== undefined) {
    return await (await import('./modern-backup-body.ts')).backUpModern(modern, values, context, reporter);
  }
  const options = limitRate(await requestBackup(values, context, readBackupPlace), values);
  const intervalMs = readFollowInterval(values, defaultFollowIntervalMs(options));
  for (const notice of options.sslPolicy?.notices ?? [])
    reporter.note(noteOfEvent(notice, describePolicyNotice(notice)));
  if (intervalMs !== undefined) {
    if (values.flag('drill')) throw new GraphkeepError('usage', 'give either --drill or --follow, not both');
    await followUntilStopped(options, intervalMs, context, reporter);
    return 0;
  }
  const drill = values.flag('drill') ? await prepareOnlyDrill(options, values, context) : undefined;
  const runBackup = context.runBackup ?? (await import('../../backup/backup-job.ts')).runBackup;
  const times = new BackupTimes(() => context.now().getTime());
  const view = new BackupView(reporter);
  const { notes: _, ...report } = await runBackup(
    options,
    (event) => {
      times.after(event);
      view.show(event);
    },
    context.signal,
  );
  const { copyMs, checkMs } = times;
  const { check, ...rest } = report;
  const verdict = check === undefined ? {} : { check: { ...check, durationMs: checkMs } };
  const data = { ...rest, copyMs, ...verdict };
  if (drill === undefined) {
    reporter.report(describeBackup(report, times, options.repositories && 'when it is restored'), data);
    return 0;
  }
  const outcome = await drill(reporter);
  const text = `${describeBackup(report, times, 'by the drill')}\n${outcome.text}`;
  reporter.report(text, { ...data, drill: outcome.data });
  return outcome.exitCode;
}

/** A server whose files are read runs on this machine. One that is followed could get ahead of a backup that waits for the processor. */
function leavesProcessor(values: OptionValues): boolean {
  const isFromFiles = parseFileAddress(values.optional('from') ?? '') !== undefined;
  return isFromFiles && values.flag('low-priority') && !values.isGiven('follow');
}

/** A server that is asked over the network does without all that. */
async function findModern(values: OptionValues, context: CommandContext) {
  if (parseFileAddress(values.optional('from') ?? '') === undefined) return undefined;
  return await (await import('../commands/modern-databases.ts')).findModernDatabases(values, context);
}

/** Undefined for a directory, where backups are checked. */
async function prepareOnlyDrill({ repositories }: BackupOptions, values: OptionValues, context: CommandContext) {
  const { prepareDrill, requireOnePlace } = await import('./backup-drill.ts');
  const place = requireOnePlace(repositories ?? []);
  return place && (await prepareDrill(place, values.perRepository()[0]!, context));
}
