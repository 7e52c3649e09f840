import type { GraphkeepError } from '../../base/errors.ts';

/** Events of a target: what it found when it was opened, what it does with received data, and where backups go. */
export type TargetEvent =
  /** A full copy begins and a backup is already there: about as many bytes of files will come again. */
  | { kind: 'copy-expected'; bytes: number }
  /** A backup that an earlier run had finished could not be published. It is in `backup`; `aside` is what to remove if nobody needs it. */
  | { kind: 'finished-backup-set-aside'; backup: string; aside: string; error: GraphkeepError }
  /** There is something with a name that an older release of graphkeep used for finished backups. */
  | { kind: 'former-work-directory-found'; path: string }
  /** A full backup that was interrupted goes on: so many objects are stored already, and of these the bytes as stored. */
  | { kind: 'full-continued'; objects: number; bytes: number }
  /** New files of the backup may have other owners or modes than the old ones. */
  | { kind: 'rights-not-restored'; path: string; error: unknown }
  /** The backup was not closed cleanly: it is recovered first. */
  | { kind: 'recovery-began'; transactions: number }
  /** The copy is exact; it only remains to wait until all of it is on disk. */
  | { kind: 'flush-began' }
  /** Log files of the backup that nothing needs any more were removed. */
  | { kind: 'log-pruned'; versions: readonly number[] }
  /** A new full backup was published; `replaced` is where the old one is now, if there was one. */
  | { kind: 'published'; path: string; replaced?: string };
