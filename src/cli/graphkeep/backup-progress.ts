import type { BackupEvent } from '../../backup/backup-events.ts';
import { replayPhases } from './replay-phase.ts';
import type { Progress } from './reporter.ts';

/** How far a backup is, in files and bytes that were copied, and what it does at the moment. */
export class BackupProgress {
  private files = 0;
  private bytes = 0;
  private phase = 'files';

  /** What to show after an event; undefined if nothing has changed. */
  after(event: BackupEvent): Progress | undefined {
    switch (event.kind) {
      case 'attempt-began':
        this.files = 0;
        this.bytes = 0;
        this.phase = 'files';
        return undefined;
      case 'file-progress':
      case 'file-ended':
      case 'file-dropped':
        this.files = event.copiedFiles;
        this.bytes = event.copiedBytes;
        return this.show();
      case 'replay-progress':
        return this.enter(replayPhases[event.phase]);
      case 'flush-began':
        return this.enter('waiting for the disk');
      case 'check-progress':
        return { phase: `checking ${event.phase}`, files: 0, bytes: event.doneBytes };
      case 'backup-began':
      case 'protocol-chosen':
      case 'protocol-rejected':
      case 'request-repeated':
      case 'request-keeps-failing':
      case 'files-announced':
      case 'file-began':
      case 'transactions-began':
      case 'transactions-progress':
      case 'transactions-ended':
      case 'copy-ended':
      case 'recovery-began':
      case 'log-applied':
      case 'index-left-to-server':
      case 'fulltext-settings-missing':
      case 'explicit-indexes-left-to-server':
      case 'log-pruned':
      case 'fallback-began':
      case 'published':
      case 'old-backup-moved':
      case 'finished-backup-set-aside':
      case 'former-work-directory-found':
      case 'rights-not-restored':
      case 'check-began':
      case 'check-ended':
      case 'check-report-failed':
      case 'check-left-to-server':
      case 'check-warned':
      case 'backup-ended':
        return undefined;
      default:
        return event satisfies never;
    }
  }

  private enter(phase: string): Progress | undefined {
    if (phase === this.phase) return undefined;
    this.phase = phase;
    return this.show();
  }

  private show(): Progress {
    return { phase: this.phase, files: this.files, bytes: this.bytes };
  }
}
