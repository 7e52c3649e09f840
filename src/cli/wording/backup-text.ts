import type { BackupDetail, BackupNote } from '../../backup/backup-events.ts';
import { describeError } from '../../base/errors.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { LeftOutFile } from '../../source/modern-files/modern-file-list.ts';
import type { RepeatedRequest } from '../../source/repeated-request.ts';
import { describeUncheckedLog } from './pending-log-text.ts';
import { describeAppliedLog, describeReplayNote } from './replay-text.ts';

const LEFT_OUT_BECAUSE: Record<LeftOutFile['cause'], string> = {
  changing: 'changed faster than it could be copied',
  incomplete: 'was not complete yet: the server was making it',
  unknown: 'is of no known kind, and was left out',
};

/** The text of a backup note, in both fronts. */
export function describeBackupNote(note: BackupNote): string {
  switch (note.kind) {
    case 'request-keeps-failing':
      return describeRepetition(note);
    case 'fallback-began':
      return `Incremental backup failed, falling back to a full one: ${describeError(note.error)}`;
    case 'old-backup-moved':
      return `The old backup was moved to ${note.path}`;
    case 'target-left-out':
      return `No new backup in ${note.target}: ${describeError(note.error)}`;
    case 'file-left-to-server':
      return `${note.name} ${LEFT_OUT_BECAUSE[note.cause]}; the server makes it anew when it starts after a restore`;
    case 'finished-backup-set-aside':
      return (
        `A backup that an earlier run had finished could not take its place: ${describeError(note.error)}. ` +
        `It is in ${note.backup}; if nobody needs it, remove ${note.aside}.`
      );
    case 'former-work-directory-found':
      return `${note.path} is not used. If it is a backup (graphkeep check tells), move it to a name of its own.`;
    case 'full-continued':
      return `Goes on with the full backup that was interrupted: ${note.objects} objects, ${formatBytes(note.bytes)}, are there already`;
    case 'rights-not-restored':
      return `New files of the backup may have other owners or modes than the old ones: ${describeError(note.error)}`;
    case 'check-report-failed':
      return `The report of the check is not complete: ${describeError(note.error)}`;
    case 'check-left-to-server':
      return describeUncheckedLog({ first: note.firstTransaction, last: note.lastTransaction });
    case 'check-warned':
      return `The backup is consistent, with ${note.warnings} warnings. See '${note.reportPath}' for details.`;
    case 'index-left-to-server':
    case 'fulltext-settings-missing':
    case 'explicit-indexes-left-to-server':
      return describeReplayNote(note);
    default:
      return note satisfies never;
  }
}

/** Details shown on request (NEO4J_DEBUG, --verbose). */
export function describeBackupDetail(detail: BackupDetail): string {
  switch (detail.kind) {
    case 'protocol-rejected':
      return `The ${detail.protocol} protocol does not work: ${describeError(detail.error)}`;
    case 'request-repeated':
      return describeRepetition(detail);
    case 'recovery-began':
      return `The backup was not closed cleanly: recovering ${detail.transactions} transactions`;
    case 'log-applied':
      return describeAppliedLog(detail);
    default:
      return detail satisfies never;
  }
}

function describeRepetition(event: RepeatedRequest & { error: Error }): string {
  return `Asking again for ${nameRequest(event)}: ${event.error.message}`;
}

function nameRequest(wanted: RepeatedRequest): string {
  switch (wanted.request) {
    case 'first-files':
      return 'the first files';
    case 'file':
      return wanted.name;
    case 'index':
      return `index ${wanted.rule}`;
    case 'transactions':
      return 'transactions';
    default:
      return wanted satisfies never;
  }
}
