import type { GraphkeepError } from '../../base/errors.ts';
import type { BackupEvent } from '../backup-events.ts';
import type { BackupReport } from '../backup-options.ts';

/** How far a followed backup is behind its source. */
export interface FollowState {
  /** The last transaction of the backup. */
  lastTransaction: number;
  /** The backup holds everything that the source had this long ago, in milliseconds. */
  behindMs: number;
  /** Transactions that the source has and the backup does not; undefined if only asking the server would tell. */
  transactionsBehind?: number;
}

/** What happens while a source is followed, in addition to the events of each backup. */
export type FollowEvent =
  /** A backup was made that holds something new, or the first one. `behindMs`: the age of the oldest thing in it that is new. */
  | { kind: 'followed'; report: BackupReport; behindMs: number }
  /** Seen while waiting for the next backup, several times a second. */
  | ({ kind: 'looked' } & FollowState)
  /** A backup has failed, but may succeed later. Not repeated while the error stays the same. */
  | { kind: 'follow-interrupted'; error: GraphkeepError; retryMs: number }
  /** A backup has succeeded again. `afterMs`: since the first one that failed. */
  | { kind: 'follow-resumed'; afterMs: number };

export type FollowedEvent = BackupEvent | FollowEvent;
