import { type BackupEvent, isDetail, isNote } from '../../backup/backup-events.ts';
import { printableLine } from '../../base/printable-text.ts';
import type { CommandContext } from '../command-context.ts';
import { BackupLines } from '../neo4j-admin/backup-lines.ts';
import { describeBackupDetail, describeBackupNote } from '../wording/backup-text.ts';
import { BackupProgress } from './backup-progress.ts';
import { noteOfEvent } from './event-data.ts';
import type { Reporter } from './reporter.ts';

/** Shows a backup to people or programs, as the reporter does: lines, notes, details, and how far it is. */
export function createBackupView(context: CommandContext, reporter: Reporter): (event: BackupEvent) => void {
  const lines = new BackupLines(context.now);
  const progress = new BackupProgress();
  return (event) => {
    const line = lines.render(event);
    if (line !== undefined) reporter.line(printableLine(line));
    if (isNote(event)) reporter.note(noteOfEvent(event, describeBackupNote(event)));
    if (isDetail(event)) reporter.debug(printableLine(describeBackupDetail(event)));
    const done = progress.after(event);
    if (done !== undefined) reporter.progress(done);
  };
}
