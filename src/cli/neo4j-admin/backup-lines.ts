import type { BackupEvent } from '../../backup/backup-events.ts';
import { formatBytes } from '../../config/sizes.ts';
import { formatLogTime } from '../command-context.ts';

const COPY_CLIENT = 'o.n.c.s.StoreCopyClient';
const MONITOR = 'o.n.b.i.BackupOutputMonitor';

/** The lines that the 3.x tool prints during a backup, in its words (spec backup-command 3.4). */
export class BackupLines {
  private readonly now: () => Date;
  private attempt: Extract<BackupEvent, { kind: 'attempt-began' }> | undefined;

  constructor(now: () => Date) {
    this.now = now;
  }

  /** The line of an event, without its line break; undefined if the tool prints nothing. */
  render(event: BackupEvent): string | undefined {
    switch (event.kind) {
      case 'attempt-began':
        return this.begin(event);
      case 'file-began':
        return this.log(COPY_CLIENT, `Copying ${event.name}`);
      case 'file-ended':
        return this.log(COPY_CLIENT, `Copied ${event.name} ${formatSize(event.bytes)}`);
      case 'copy-ended':
        return this.log(COPY_CLIENT, `Done, copied ${event.files} files`);
      case 'transactions-began':
        return this.logOfCluster(`Start receiving transactions from ${event.first}`);
      case 'transactions-ended':
        return this.logOfCluster(`Finish receiving transactions at ${event.last}`);
      case 'backup-ended':
        return 'Backup complete.';
      case 'backup-began':
      case 'protocol-chosen':
      case 'protocol-rejected':
      case 'request-repeated':
      case 'request-keeps-failing':
      case 'copy-expected':
      case 'files-announced':
      case 'file-progress':
      case 'file-dropped':
      case 'transactions-progress':
      case 'recovery-began':
      case 'replay-progress':
      case 'flush-began':
      case 'log-applied':
      case 'index-left-to-server':
      case 'fulltext-settings-missing':
      case 'explicit-indexes-left-to-server':
      case 'log-pruned':
      case 'fallback-began':
      case 'published':
      case 'old-backup-moved':
      case 'target-left-out':
      case 'file-left-to-server':
      case 'finished-backup-set-aside':
      case 'former-work-directory-found':
      case 'full-continued':
      case 'rights-not-restored':
      case 'check-began':
      case 'check-progress':
      case 'check-ended':
      case 'check-report-failed':
      case 'check-left-to-server':
      case 'check-warned':
        return undefined;
      default:
        return event satisfies never;
    }
  }

  /** Each line once, however many protocols are tried. */
  private begin(attempt: Extract<BackupEvent, { kind: 'attempt-began' }>): string | undefined {
    const before = this.attempt?.backup;
    this.attempt = attempt;
    if (attempt.backup === before) return undefined;
    return attempt.backup === 'full' ? 'Doing full backup...' : 'Destination is not empty, doing incremental backup...';
  }

  /** In the common protocol the tool does not report transactions. */
  private logOfCluster(text: string): string | undefined {
    return this.attempt?.protocol === 'catchup' ? this.log(MONITOR, text) : undefined;
  }

  private log(logger: string, text: string): string {
    return `${formatLogTime(this.now())} INFO  [${logger}] ${text}`;
  }
}

/** A size as the manual prints it: `8.00 kB`, `0.00 B`. */
function formatSize(bytes: number): string {
  return bytes < 1024 ? `${bytes.toFixed(2)} B` : formatBytes(bytes);
}
