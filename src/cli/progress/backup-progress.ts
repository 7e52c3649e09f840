import type { BackupEvent } from '../../backup/backup-events.ts';
import { progressOfCheck, progressOfReplay } from './event-progress.ts';
import type { Progress } from './progress.ts';

const COPYING = 'copying files';
const RECEIVING = 'receiving transactions';

/** Computes the progress of a backup from its events. */
export class BackupProgress {
  /** Size of the last backup: about as much will come. */
  private expectedBytes: number | undefined;
  private totalFiles: number | undefined;
  private totalTransactions: number | undefined;

  /** What to show after an event; undefined if nothing has changed. */
  after(event: BackupEvent): Progress | undefined {
    switch (event.kind) {
      case 'attempt-began':
        this.expectedBytes = undefined;
        this.totalFiles = undefined;
        this.totalTransactions = undefined;
        return { phase: 'waiting for the server' };
      case 'copy-expected':
        this.expectedBytes = event.bytes;
        return undefined;
      case 'files-announced':
        // The files of indexes come in addition, and their number is unknown.
        this.totalFiles = event.indexes === 0 ? event.files : undefined;
        return this.copying(0, 0);
      case 'file-began':
        return undefined;
      case 'file-progress':
      case 'file-ended':
      case 'file-dropped':
        return this.copying(event.copiedFiles, event.copiedBytes);
      case 'transactions-began':
        this.totalTransactions =
          event.first === undefined || event.least === undefined || event.least < event.first
            ? undefined
            : event.least - event.first + 1;
        return { phase: RECEIVING };
      case 'transactions-progress':
      case 'transactions-ended':
        return this.receiving(event);
      case 'replay-progress':
        return progressOfReplay(event);
      case 'flush-began':
        return { phase: 'waiting for the disk' };
      case 'check-began':
        return { phase: 'checking', bytes: 0, totalBytes: event.totalBytes };
      case 'check-progress':
        return progressOfCheck(event);
      case 'backup-began':
      case 'protocol-chosen':
      case 'protocol-rejected':
      case 'request-repeated':
      case 'request-keeps-failing':
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
      case 'target-left-out':
      case 'file-left-to-server':
      case 'finished-backup-set-aside':
      case 'former-work-directory-found':
      case 'full-continued':
      case 'rights-not-restored':
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

  private copying(files: number, bytes: number): Progress {
    const { expectedBytes, totalFiles } = this;
    return {
      phase: COPYING,
      files,
      ...(totalFiles === undefined ? {} : { totalFiles }),
      bytes,
      ...(expectedBytes === undefined ? {} : { totalBytes: expectedBytes, isEstimate: true }),
    };
  }

  private receiving({ transactions, bytes }: { transactions: number; bytes: number }): Progress {
    const { totalTransactions } = this;
    // More may come than requested: those committed in the meantime.
    const isKnown = totalTransactions !== undefined && transactions <= totalTransactions;
    return { phase: RECEIVING, transactions, ...(isKnown ? { totalTransactions } : {}), bytes };
  }
}
