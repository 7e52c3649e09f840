import type { GraphkeepError } from '../base/errors.ts';
import type { CheckEvent } from '../check/check-events.ts';
import type { ReplayEvent } from '../replay/events/replay-events.ts';
import type { LeftOutFile } from '../source/modern-files/modern-file-list.ts';
import type { RepeatedRequest } from '../source/repeated-request.ts';
import type { TargetEvent } from './target/target-events.ts';

/** The ways to a backup: the two protocols of servers, and the files of the database. */
export type BackupProtocol = 'catchup' | 'common' | 'files';

/** What is received from a server. Bytes count file and log content, not bytes on the wire. */
export type CopyEvent =
  /** The server has named all its files; those of `indexes` schema indexes come in addition. */
  | { kind: 'files-announced'; files: number; indexes: number }
  | { kind: 'file-began'; name: string }
  /** `bytes` of this file were received; 0 again if it must be sent again. */
  | { kind: 'file-progress'; name: string; bytes: number; copiedFiles: number; copiedBytes: number }
  | { kind: 'file-ended'; name: string; bytes: number; copiedFiles: number; copiedBytes: number }
  /** It is not part of the copy after all, or will be sent again. */
  | { kind: 'file-dropped'; name: string; copiedFiles: number; copiedBytes: number }
  /** `first`: the first requested one, if known. `least`: the last one that must come, if known. */
  | { kind: 'transactions-began'; first?: number; least?: number }
  | { kind: 'transactions-progress'; transactions: number; bytes: number; last?: number }
  /** `last`: the last transaction of the backup now, whether it was among these or not. */
  | { kind: 'transactions-ended'; transactions: number; bytes: number; last: number }
  | { kind: 'copy-ended'; files: number; bytes: number };

/** The steps of the job. */
export type JobEvent =
  | { kind: 'backup-began'; target: string; server: string }
  | { kind: 'attempt-began'; backup: 'full' | 'incremental'; protocol: BackupProtocol }
  /** The server has answered in this protocol. */
  | { kind: 'protocol-chosen'; protocol: BackupProtocol }
  /** The server does not speak it, or not with us: the next one is tried. */
  | { kind: 'protocol-rejected'; protocol: BackupProtocol; error: GraphkeepError }
  /** Reported before the pause; `attempt` counts from 1. */
  | ({ kind: 'request-repeated'; attempt: number; error: GraphkeepError } & RepeatedRequest)
  /** Reported instead, once for each request: the trouble lasts. */
  | ({ kind: 'request-keeps-failing'; attempt: number; error: GraphkeepError } & RepeatedRequest)
  /** The incremental has failed, and a full backup is made instead. */
  | { kind: 'fallback-began'; error: GraphkeepError }
  /** The backup that a fallback replaced. */
  | { kind: 'old-backup-moved'; path: string }
  /** One of several repositories has no new backup; the others have. */
  | { kind: 'target-left-out'; target: string; error: GraphkeepError }
  /** A derived file is not in the backup: a server makes it anew when it starts. */
  | ({ kind: 'file-left-to-server' } & LeftOutFile)
  /** The findings are valid, but the report file does not have all of them. */
  | { kind: 'check-report-failed'; error: GraphkeepError }
  /** Entries of label scan store and indexes were not checked, because these transactions wait for the server. */
  | { kind: 'check-left-to-server'; firstTransaction: number; lastTransaction: number }
  | { kind: 'check-warned'; warnings: number; reportPath: string }
  | {
      kind: 'backup-ended';
      backup: 'full' | 'incremental' | 'unchanged';
      lastTransaction: number;
      files: number;
      bytes: number;
      durationMs: number;
    };

/** All events of a running backup job, as plain data in the order in which they happen. The front that shows them chooses the words. */
export type BackupEvent = JobEvent | TargetEvent | CopyEvent | ReplayEvent | CheckEvent;

/**
 * The role of an event. `note`: the user should know it; it is also in the report of the backup. `detail`: helps to find the cause of a
 * problem. `course`: progress of the work.
 */
const roles = {
  'backup-began': 'course',
  'attempt-began': 'course',
  'protocol-chosen': 'course',
  'protocol-rejected': 'detail',
  'request-repeated': 'detail',
  'request-keeps-failing': 'note',
  'copy-expected': 'course',
  'files-announced': 'course',
  'file-began': 'course',
  'file-progress': 'course',
  'file-ended': 'course',
  'file-dropped': 'course',
  'transactions-began': 'course',
  'transactions-progress': 'course',
  'transactions-ended': 'course',
  'copy-ended': 'course',
  'recovery-began': 'detail',
  'replay-progress': 'course',
  'flush-began': 'course',
  'log-applied': 'detail',
  'index-left-to-server': 'note',
  'fulltext-settings-missing': 'note',
  'explicit-indexes-left-to-server': 'note',
  'log-pruned': 'course',
  'fallback-began': 'note',
  published: 'course',
  'old-backup-moved': 'note',
  'target-left-out': 'note',
  'file-left-to-server': 'note',
  'finished-backup-set-aside': 'note',
  'former-work-directory-found': 'note',
  'full-continued': 'note',
  'rights-not-restored': 'note',
  'check-began': 'course',
  'check-progress': 'course',
  'check-ended': 'course',
  'check-report-failed': 'note',
  'check-left-to-server': 'note',
  'check-warned': 'note',
  'backup-ended': 'course',
} as const satisfies Record<BackupEvent['kind'], 'note' | 'detail' | 'course'>;

type Roles = typeof roles;
type KindOf<Role extends Roles[keyof Roles]> = {
  [Kind in keyof Roles]: Roles[Kind] extends Role ? Kind : never;
}[keyof Roles];

/** What the user should know besides the result. */
export type BackupNote = Extract<BackupEvent, { kind: KindOf<'note'> }>;
/** Helps to find the cause of a problem. */
export type BackupDetail = Extract<BackupEvent, { kind: KindOf<'detail'> }>;

export function isNote(event: BackupEvent): event is BackupNote {
  return roles[event.kind] === 'note';
}

export function isDetail(event: BackupEvent): event is BackupDetail {
  return roles[event.kind] === 'detail';
}
