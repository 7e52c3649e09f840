import type { BackupReport, RepositoryPlace } from '../../backup/backup-options.ts';
import { REPOSITORY_INTERVAL_MS } from '../../backup/follow/followed.ts';
import type { ModernBackupOptions } from '../../backup/modern/modern-backup.ts';
import { type LeftOut, tellLeftOut } from '../../backup/several-targets.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import type { ModernDatabase } from '../../source/modern-files/modern-location.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { readRepositoryPlaces } from './backup-place.ts';
import { BackupTimes, dataOfOther, describeBackup } from './backup-summary.ts';
import { BackupView } from './backup-view.ts';
import type { DrillOutcome } from './drill-run.ts';
import { readFollowInterval } from './follow-body.ts';
import { readRateLimit } from './rate-limit-option.ts';
import type { Reporter } from './reporter.ts';

type Drill = (reporter: Reporter) => Promise<DrillOutcome>;

/** One database that was backed up into one repository. */
interface Made {
  readonly database: string;
  readonly report: BackupReport;
  readonly times: BackupTimes;
  drill?: DrillOutcome;
}

/**
 * `graphkeep backup` of databases of 4.2 or later, into each repository: one after the other, or followed at the same time. Drills come
 * when all of them are stored.
 * @returns the exit code
 */
export async function backUpModern(
  databases: readonly ModernDatabase[],
  values: OptionValues,
  context: CommandContext,
  reporter: Reporter,
): Promise<number> {
  requirePossible(values);
  const backups = databases.flatMap((from) =>
    readRepositoryPlaces(values, context, from.name).map((repository) => planOne(from, repository, values)),
  );
  const intervalMs = readFollowInterval(values, REPOSITORY_INTERVAL_MS);
  if (intervalMs !== undefined) {
    const { followModernUntilStopped } = await import('./modern-follow-body.ts');
    await followModernUntilStopped(backups, intervalMs, context, reporter);
    return 0;
  }
  const drills = values.flag('drill') ? await prepareDrills(databases, values, context) : new Map<string, Drill>();
  const { made, leftOut } = await backUpEach(backups, context, reporter);
  for (const one of made) {
    const drill = drills.get(one.database);
    if (drill !== undefined) one.drill = await drill(reporter);
  }
  const view = new BackupView(reporter);
  tellLeftOut(
    leftOut,
    made.map(({ report: { directory } }) => directory),
    (event) => view.show(event),
  );
  const [{ report, times, drill }, ...others] = made as [Made, ...Made[]];
  const { notes: _, ...rest } = report;
  const checked = drills.size === 0 ? 'by the server that recovers it' : 'by the drill';
  const text = made.flatMap((one) => [
    describeBackup(one.report, one.times, checked),
    ...(one.drill ? [one.drill.text] : []),
  ]);
  reporter.report(text.join('\n'), {
    ...rest,
    copyMs: times.copyMs,
    ...(drill === undefined ? {} : { drill: drill.data }),
    others: others.map(describeOther),
  });
  return Math.max(...made.map((one) => one.drill?.exitCode ?? 0));
}

function describeOther({ database, report, drill }: Made): object {
  return {
    ...dataOfOther(database, report),
    ...(drill === undefined ? {} : { drill: drill.data }),
  };
}

/** One that fails does not keep the others from their backup. @throws what stopped the first one if all have failed */
async function backUpEach(
  backups: readonly ModernBackupOptions[],
  context: CommandContext,
  reporter: Reporter,
): Promise<{ made: Made[]; leftOut: LeftOut[] }> {
  const made: Made[] = [];
  const leftOut: LeftOut[] = [];
  for (const options of backups) {
    const { location, database } = options.repository;
    try {
      made.push({ database: options.from.name, ...(await backUpOne(options, context, reporter)) });
    } catch (error) {
      if (context.signal.aborted) throw error;
      leftOut.push({ location: databaseAddress(location, database), error });
    }
  }
  if (made.length === 0) throw leftOut[0]!.error;
  return { made, leftOut };
}

/** By the names of the databases. What they need is looked for before the first backup begins. */
async function prepareDrills(
  databases: readonly ModernDatabase[],
  values: OptionValues,
  context: CommandContext,
): Promise<Map<string, Drill>> {
  if (!values.isGiven('server-home')) {
    throw new GraphkeepError('usage', '--drill of a database of 4.2 or later needs --server-home', {
      hint: 'It is the home of a server that recovers and checks the restored copy; its files stay as they are.',
    });
  }
  const { prepareDrill, requireOnePlace } = await import('./backup-drill.ts');
  const drills = new Map<string, Drill>();
  for (const { name } of databases) {
    const place = requireOnePlace(readRepositoryPlaces(values, context, name));
    drills.set(name, await prepareDrill(place!, values.perRepository()[0]!, context));
  }
  return drills;
}

function planOne(from: ModernDatabase, repository: RepositoryPlace, values: OptionValues): ModernBackupOptions {
  const fallbackToFull = values.flag('fallback-to-full');
  return { from, repository, fallbackToFull, bytesPerSecond: readRateLimit(values) };
}

async function backUpOne(
  options: ModernBackupOptions,
  { now, signal }: CommandContext,
  reporter: Reporter,
): Promise<{ report: BackupReport; times: BackupTimes }> {
  const times = new BackupTimes(() => now().getTime());
  const view = new BackupView(reporter);
  const { runModernBackup } = await import('../../backup/modern/modern-backup.ts');
  const report = await runModernBackup(
    options,
    (event) => {
      times.after(event);
      view.show(event);
    },
    signal,
  );
  return { report, times };
}

function requirePossible(values: OptionValues): void {
  if (!values.isGiven('repo')) {
    throw new GraphkeepError('usage', 'a database of 4.2 or later is backed up into a repository: give --repo', {
      hint: 'graphkeep repo init makes one, in a folder or a bucket.',
    });
  }
}
