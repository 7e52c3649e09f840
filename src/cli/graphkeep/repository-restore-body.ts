import { resolve } from 'node:path';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { chooseRestore } from '../../repository/reading/restore-choice.ts';
import { restoreFromRepository } from '../../restore/repository-restore.ts';
import { readDefaultBudget } from '../commands/backup-request.ts';
import { loadConfig } from '../commands/config-loading.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { openNamedRepository, readIdentities, readMoment } from '../commands/repository-request.ts';
import { progressOfReplay } from '../progress/event-progress.ts';
import { describeRestoreNote } from '../wording/restore-text.ts';
import { createCopyView } from './copy-view.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import { tellRecovery } from './recovery-notes.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep restore --repo`. @returns the exit code */
export async function restoreRepositoryBody(invocation: Invocation, reporter: Reporter): Promise<number> {
  const { values, context } = invocation;
  const moment = readMoment(values);
  const databaseName = readDatabaseName(values);
  const source = values.optional('source-database') ?? databaseName;
  const repository = await openNamedRepository(values, context);
  const { store } = repository;
  const histories = await readHistory(store, source, context.signal);
  const choice = chooseRestore(histories, moment, databaseAddress(store.address, source));
  if (choice.manifest.store.kernelVersion !== undefined) {
    const { restoreModernBody } = await import('./modern-restore-body.ts');
    return await restoreModernBody({ repository, choice, databaseName }, invocation, reporter);
  }
  const place = { source, databaseName, ...(await readPlace(invocation, databaseName)) };
  if (values.flag('plan')) {
    const { restorePlanBody } = await import('./restore-plan-body.ts');
    return await restorePlanBody({ repository, choice, place }, invocation, reporter);
  }
  const checked = values.flag('check');
  const report = await restoreFromRepository({
    repository,
    moment,
    choice,
    identities: await readIdentities(repository, values, context),
    ...place,
    force: values.flag('force'),
    checkConsistency: checked,
    budgetBytes: readDefaultBudget(context),
    signal: context.signal,
    onEvent: createCopyView(reporter, 'copying files'),
    onReplay: (event) => reporter.progress(progressOfReplay(event)),
  });
  tellRecovery(report.recovery, reporter);
  for (const note of report.notes) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  const { files, bytes, base, transaction, commitTime } = report;
  const { databaseDirectory } = place;
  const verdict = checked ? ', consistent' : '';
  const state = `as of transaction ${transaction}, ${commitTime.toISOString()}`;
  reporter.report(
    printableLine(
      `${databaseName}: restored ${files} files, ${formatBytes(bytes)}, ${state}${verdict}, to ${databaseDirectory}`,
    ),
    {
      database: databaseName,
      directory: databaseDirectory,
      files,
      bytes,
      checked,
      needsRecovery: report.recovery.pendingFrom !== undefined,
      base,
      transaction,
      commitTime: commitTime.toISOString(),
    },
  );
  return 0;
}

/** Where the database goes: a directory, or where the server looks for it. */
async function readPlace({ values, context }: Invocation, databaseName: string) {
  const to = values.optional('to');
  if (to !== undefined) {
    const directory = resolve(context.cwd, to);
    return { databaseDirectory: directory, transactionLogDirectory: directory };
  }
  const config = await loadConfig(context);
  return {
    databaseDirectory: config.databaseDirectory(databaseName),
    transactionLogDirectory: config.transactionLogDirectory(databaseName),
  };
}
