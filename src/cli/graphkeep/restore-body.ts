import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { restoreDatabase } from '../../restore/database-restore.ts';
import { requestRestore } from '../commands/restore-request.ts';
import { describeRestoreNote } from '../wording/restore-text.ts';
import { createCopyView } from './copy-view.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';
import { isFromRepository } from './restore-origin.ts';

/** @returns the exit code */
export async function restoreBody(invocation: Invocation, reporter: Reporter): Promise<number> {
  if (isFromRepository(invocation)) {
    return await (await import('./repository-restore-body.ts')).restoreRepositoryBody(invocation, reporter);
  }
  const { values, context } = invocation;
  const options = await requestRestore(values, context);
  const checked = values.flag('check');
  const { notes, files, bytes, needsRecovery } = await restoreDatabase({
    ...options,
    checkConsistency: checked,
    onEvent: createCopyView(reporter, 'copying files'),
  });
  if (needsRecovery) {
    const recover = `graphkeep recover ${options.databaseDirectory}`;
    const text = 'The backup was not shut down cleanly; the server recovers the database at its first start';
    reporter.note({ code: 'recovery-needed', text: printableLine(`${text}, or now: ${recover}`) });
  }
  for (const note of notes) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  const { databaseName, databaseDirectory } = options;
  const verdict = checked ? ', consistent' : '';
  reporter.report(
    printableLine(`${databaseName}: restored ${files} files, ${formatBytes(bytes)}${verdict}, to ${databaseDirectory}`),
    { database: databaseName, directory: databaseDirectory, files, bytes, checked, needsRecovery },
  );
  return 0;
}
