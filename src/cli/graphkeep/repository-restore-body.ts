import { resolve } from 'node:path';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes, parsePageCacheBytes } from '../../config/sizes.ts';
import { openRepository } from '../../repository/opening/repository.ts';
import { restoreFromRepository } from '../../restore/repository-restore.ts';
import { readHeap } from '../commands/backup-request.ts';
import { loadConfig } from '../commands/config-loading.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { openRepositoryStore, readIdentities, readMoment } from '../commands/repository-request.ts';
import { progressOfReplay } from '../progress/event-progress.ts';
import { describeRestoreNote } from '../wording/restore-text.ts';
import { createCopyView } from './copy-view.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import { tellRecovery } from './recovery-notes.ts';
import type { Reporter } from './reporter.ts';

/** Memory for pages of the store besides HEAP_SIZE, as of a backup. */
const PAGE_CACHE = '8m';

/** `graphkeep restore --repo`. */
export async function restoreRepositoryBody(invocation: Invocation, reporter: Reporter): Promise<void> {
  const { values, context } = invocation;
  const place = await readPlace(invocation);
  const moment = readMoment(values);
  const repository = await openRepository(await openRepositoryStore(values, context), context.signal);
  const checked = values.flag('check');
  const report = await restoreFromRepository({
    repository,
    moment,
    identities: await readIdentities(repository, values, context),
    ...place,
    force: values.flag('force'),
    checkConsistency: checked,
    budgetBytes: parsePageCacheBytes(PAGE_CACHE) + readHeap(context.env.HEAP_SIZE),
    signal: context.signal,
    onEvent: createCopyView(reporter, 'copying files'),
    onReplay: (event) => reporter.progress(progressOfReplay(event)),
  });
  tellRecovery(report.recovery, reporter);
  for (const note of report.notes) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  const { files, bytes, base, transaction, commitTime } = report;
  const { databaseName, databaseDirectory } = place;
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
}

/** Where the database goes: a directory, or where the server looks for it. */
async function readPlace({ values, context }: Invocation) {
  const databaseName = readDatabaseName(values);
  const source = values.optional('source-database') ?? databaseName;
  const to = values.optional('to');
  if (to !== undefined) {
    const directory = resolve(context.cwd, to);
    return { source, databaseName, databaseDirectory: directory, transactionLogDirectory: directory };
  }
  const config = await loadConfig(context);
  return {
    source,
    databaseName,
    databaseDirectory: config.databaseDirectory(databaseName),
    transactionLogDirectory: config.transactionLogDirectory(databaseName),
  };
}
