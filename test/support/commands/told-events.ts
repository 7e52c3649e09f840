import { type BackupEvent, isNote } from '../../../src/backup/backup-events.ts';
import { BackupLines } from '../../../src/cli/neo4j-admin/backup-lines.ts';
import { describeBackupNote } from '../../../src/cli/wording/backup-text.ts';

/** Records the events of a backup job, and the part that a user of the old front sees. */
export class ToldEvents {
  readonly events: BackupEvent[] = [];
  /** stdout. */
  readonly lines: string[] = [];
  /** stderr. */
  readonly notes: string[] = [];
  private readonly rendered = new BackupLines(() => new Date());

  readonly take = (event: BackupEvent): void => {
    this.events.push(event);
    const line = this.rendered.render(event);
    if (line !== undefined) this.lines.push(line);
    if (isNote(event)) this.notes.push(describeBackupNote(event));
  };
}
