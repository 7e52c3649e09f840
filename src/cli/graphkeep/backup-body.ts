import { requestBackup } from '../commands/backup-request.ts';
import { describePolicyNotice } from '../wording/policy-text.ts';
import { readBackupPlace } from './backup-place.ts';
import { BackupTimes, describeBackup } from './backup-summary.ts';
import { BackupView } from './backup-view.ts';
import { noteOfEvent } from './event-data.ts';
import { followUntilStopped, readFollowInterval } from './follow-body.ts';
import type { Invocation } from './program.ts';
import { limitRate } from './rate-limit-option.ts';
import type { Reporter } from './reporter.ts';

export async function backupBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const options = limitRate(await requestBackup(values, context, readBackupPlace), values);
  const intervalMs = readFollowInterval(values, options);
  for (const notice of options.sslPolicy?.notices ?? [])
    reporter.note(noteOfEvent(notice, describePolicyNotice(notice)));
  if (intervalMs !== undefined) {
    await followUntilStopped({ ...options, intervalMs }, context, reporter);
    return;
  }
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
  reporter.report(describeBackup(report, times, options.repository !== undefined), { ...rest, copyMs, ...verdict });
}
