import { throwIfCancelled } from '../../base/cancellation.ts';
import type { FollowedBackup, FollowReport } from './followed-backup.ts';

/**
 * Follows several databases, or one into several repositories. Their first backups are made one after the other; then each goes on by
 * itself, and waits for none that is interrupted. What ends one ends all.
 *
 * @returns a report of each, in order, when the signal aborts
 * @throws GraphkeepError what has ended the first one; `cancelled` if it was stopped before all had a backup
 */
export async function followTogether(
  backups: readonly FollowedBackup[],
  signal: AbortSignal,
): Promise<[FollowReport, ...FollowReport[]]> {
  const ending = new AbortController();
  const running = AbortSignal.any([signal, ending.signal]);
  let failure: { error: unknown } | undefined;
  const reports: Promise<FollowReport | undefined>[] = [];
  for (const backup of backups) {
    await new Promise<void>((resolve) => {
      const report = backup.run(running, resolve).catch((error: unknown) => {
        failure ??= { error };
        ending.abort();
        return undefined;
      });
      reports.push(report);
      void report.then(() => resolve());
    });
    if (running.aborted) break;
  }
  const made = await Promise.all(reports);
  if (failure !== undefined) throw failure.error;
  if (made.length < backups.length) throwIfCancelled(signal);
  return made as [FollowReport, ...FollowReport[]];
}
