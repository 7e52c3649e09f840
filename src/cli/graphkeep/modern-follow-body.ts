import { followTogether } from '../../backup/follow/follow-together.ts';
import { FollowedBackup, type FollowReport } from '../../backup/follow/followed-backup.ts';
import { followModern } from '../../backup/modern/followed-modern.ts';
import type { ModernBackupOptions } from '../../backup/modern/modern-backup.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import type { CommandContext } from '../command-context.ts';
import { dataOfOther } from './backup-summary.ts';
import { describeStop } from './follow-body.ts';
import { FollowViews } from './follow-views.ts';
import type { Reporter } from './reporter.ts';

/** Follows databases of 4.2 or later, each into each repository, until SIGINT, SIGTERM or SIGHUP. */
export async function followModernUntilStopped(
  backups: readonly ModernBackupOptions[],
  intervalMs: number,
  { signal, now }: CommandContext,
  reporter: Reporter,
): Promise<void> {
  const views = new FollowViews(reporter, () => now().getTime());
  reporter.answerStateWith(() => views.describeState());
  const isOneRepository = new Set(backups.map(({ repository }) => repository.location)).size === 1;
  const followed = backups.map((options) => {
    const { location, database } = options.repository;
    const place = { database, directory: databaseAddress(location, database) };
    const name = backups.length === 1 ? undefined : isOneRepository ? database : place.directory;
    const view = views.add({ place, name, checked: 'by the server that recovers it' });
    return new FollowedBackup(followModern(options), intervalMs, view.show);
  });
  const reports = await followTogether(followed, signal);
  const [first, ...others] = reports;
  const data = (report: FollowReport, at: number) => describeForPrograms(report, backups[at]!);
  reporter.report(describeStop(reports), {
    ...first,
    others: others.map((report, at) => data(report, at + 1)),
  });
}

function describeForPrograms(report: FollowReport, { repository: { database } }: ModernBackupOptions): object {
  const { fullBackups, incrementalBackups } = report;
  return { ...dataOfOther(database, report), fullBackups, incrementalBackups };
}
