import { type BackupEvent, isDetail, isNote } from '../../backup/backup-events.ts';
import { printableLine } from '../../base/printable-text.ts';
import { type CommandContext, formatLogTime, isDebugging } from '../command-context.ts';
import { describeBackupDetail, describeBackupNote } from '../wording/backup-text.ts';
import { BackupLines } from './backup-lines.ts';

/**
 * Shows a backup as the 3.x tool does: its lines on stdout; on stderr everything for which the tool has no words. NEO4J_DEBUG adds details.
 */
export function createBackupView(context: CommandContext): (event: BackupEvent) => void {
  const lines = new BackupLines(context.now);
  const isDebug = isDebugging(context);
  return (event) => {
    const line = lines.render(event);
    if (line !== undefined) context.stdout(`${printableLine(line)}\n`);
    if (isNote(event)) context.stderr(`${printableLine(describeBackupNote(event))}\n`);
    if (isDebug && isDetail(event)) {
      const text = printableLine(describeBackupDetail(event));
      context.stdout(`${formatLogTime(context.now())} DEBUG [graphkeep] ${text}\n`);
    }
  };
}
