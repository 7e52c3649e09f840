import type { GraphkeepError } from '../../base/errors.ts';
import type { HistoryTail } from '../../source/backup-source.ts';
import type { BackupEvent } from '../backup-events.ts';
import type { BackupReport } from '../backup-options.ts';

/** What is followed: one database and where its backups go. */
export interface Followed {
  /** Sees what is new without asking anybody; undefined if only the next backup can tell. */
  readonly tail: HistoryTail | undefined;
  /** So much log is worth a backup before the interval is over; undefined: no amount is. */
  readonly enoughBytes: number | undefined;
  /** Makes the next backup. `isFirst`: no one before it has succeeded. */
  backUp(isFirst: boolean, onEvent: (event: BackupEvent) => void, signal: AbortSignal): Promise<BackupReport>;
  /** True if a later attempt may succeed without anybody's help. */
  mayPass(error: GraphkeepError): boolean;
  close(): Promise<void>;
}

/** So much of log fills an object of a repository: waiting longer does not make fewer of them. */
export const OBJECT_BYTES = 16 * 1024 * 1024;

/** Each object of a repository costs. Milliseconds. */
export const REPOSITORY_INTERVAL_MS = 60_000;
