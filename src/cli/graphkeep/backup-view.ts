import { type BackupEvent, isDetail, isNote } from '../../backup/backup-events.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { BackupProgress } from '../progress/backup-progress.ts';
import { describeBackupDetail, describeBackupNote } from '../wording/backup-text.ts';
import { noteOfEvent } from './event-data.ts';
import type { Reporter } from './reporter.ts';

/** Shows a backup to people or programs, as the reporter does: its beginning, notes, details, and how far it is. */
export class BackupView {
  private readonly reporter: Reporter;
  private readonly progress = new BackupProgress();
  private began: Extract<BackupEvent, { kind: 'backup-began' }> | undefined;
  private attempt: Extract<BackupEvent, { kind: 'attempt-began' }> | undefined;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  readonly show = (event: BackupEvent): void => {
    const { reporter } = this;
    if (event.kind === 'backup-began') this.began = event;
    if (event.kind === 'attempt-began') this.attempt = event;
    if (event.kind === 'protocol-chosen') this.tellBeginning();
    if (event.kind === 'file-ended') reporter.debug(printableLine(`${event.name}: ${formatBytes(event.bytes)}`));
    if (isNote(event)) reporter.note(noteOfEvent(event, describeBackupNote(event)));
    if (isDetail(event)) reporter.debug(printableLine(describeBackupDetail(event)));
    const done = this.progress.after(event);
    if (done !== undefined) reporter.progress(done);
  };

  /** Once the server has answered: before that, which protocol it is may only be tried. */
  private tellBeginning(): void {
    const { began, attempt } = this;
    if (began === undefined || attempt === undefined) return;
    const { backup, protocol } = attempt;
    const { server, target: directory } = began;
    const way = protocol === 'files' ? 'from its files' : `over the ${protocol} protocol`;
    const text = `${backup === 'full' ? 'Full' : 'Incremental'} backup of ${server} ${way}`;
    this.reporter.began('backup-started', printableLine(text), { backup, protocol, server, directory });
  }
}
