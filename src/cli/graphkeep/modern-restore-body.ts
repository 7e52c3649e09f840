import { join, resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { describeKernelVersion } from '../../log/modern/fields/kernel-version.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { restoreModern } from '../../restore/modern/modern-restore.ts';
import { placeInServer } from '../../source/modern-files/modern-location.ts';
import { readIdentities } from '../commands/repository-request.ts';
import { describeRestoreNote } from '../wording/restore-text.ts';
import { createCopyView } from './copy-view.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep restore --repo` of a database of 4.2 or later. @returns the exit code */
export async function restoreModernBody(
  chosen: { repository: Repository; choice: RestoreChoice; databaseName: string },
  invocation: Invocation,
  reporter: Reporter,
): Promise<number> {
  const { values, context } = invocation;
  if (values.flag('check')) {
    throw new GraphkeepError('usage', '--check is for databases of 3.4 and 3.5: only a server can recover this one', {
      hint: 'Restore without --check, start the server, and use its own check of consistency.',
    });
  }
  const { repository, choice, databaseName } = chosen;
  const place = await readPlace(values.optional('to'), databaseName, context);
  if (values.flag('plan')) {
    const { restorePlanBody } = await import('./restore-plan-body.ts');
    return await restorePlanBody({ repository, choice, place: { databaseName, ...place } }, invocation, reporter);
  }
  const { databaseDirectory } = place;
  const report = await restoreModern({
    repository,
    choice,
    identities: await readIdentities(repository, values, context),
    databaseName,
    ...place,
    force: values.flag('force'),
    signal: context.signal,
    onEvent: createCopyView(reporter, 'copying files'),
  });
  for (const note of report.notes) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  const { files, bytes, base, transaction, commitTime, kernelVersion } = report;
  const releases = describeKernelVersion(kernelVersion);
  const state = `as of transaction ${transaction}, ${commitTime.toISOString()}`;
  const text =
    `${databaseName}: restored ${files} files, ${formatBytes(bytes)}, ${state}, to ${databaseDirectory}\n` +
    `Its log was written by ${releases}: start a server of that release or a later one of the same series, which completes it.`;
  reporter.report(text.split('\n').map(printableLine).join('\n'), {
    database: databaseName,
    directory: databaseDirectory,
    files,
    bytes,
    checked: false,
    needsRecovery: true,
    base,
    transaction,
    commitTime: commitTime.toISOString(),
    writtenBy: releases,
  });
  return 0;
}

/** A data directory, or that of the server at NEO4J_HOME. */
async function readPlace(to: string | undefined, name: string, { cwd, env }: Invocation['context']) {
  if (to !== undefined) {
    const data = resolve(cwd, to);
    return {
      databaseDirectory: join(data, 'databases', name),
      transactionLogDirectory: join(data, 'transactions', name),
    };
  }
  const home = env.NEO4J_HOME;
  if (home === undefined || home === '')
    throw new GraphkeepError('usage', 'where does the database go? Give --to, a data directory, or set NEO4J_HOME');
  const { directory, logDirectory } = await placeInServer(home, name);
  return { databaseDirectory: directory, transactionLogDirectory: logDirectory };
}
