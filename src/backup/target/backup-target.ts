import type { ErrorPlace } from '../../base/errors.ts';
import type { TransactionSink } from '../../log/v3/transaction-stream.ts';
import type { CopyReceiver } from '../../source/backup-source.ts';
import type { StoreIdentity } from '../../store/files/store-id.ts';

/*
 * The seam between a backup and where it goes. A target takes files and transactions as they come and keeps them; where they lie, and
 * whether the transactions are replayed now or at a restore, is its own matter. The job asks for sinks, never for paths. What stands here
 * is tested by test/support/conformance/backup-target.ts, for every target.
 *
 *   holdsBackup ─┬─ no ───► beginFullBackup ─ files ─ transactions ─ finish ─ publish
 *                │                  ▲ fallback: the old backup is kept aside
 *                └─ yes ──► continueBackup ─ beginLog ─ transactions ─ append, or leave
 *
 * Calls      One backup at a time, and within it in this order. `abandon` at any time, also twice: what was received is dropped. `close`
 *            ends the target, also twice.
 * Visible    Until `publish`, and until `append` has begun, the target holds what it held before, whatever fails and whoever is killed.
 *            When they have returned, the new state is durable. A kill in between leaves one of the two, or something that the next run
 *            brings to the new one.
 * Buffers    As a receiver of a source: see `source/backup-source.ts`.
 * Lock       Whoever has opened a target has it alone: a second one is refused with `directory.in-use`.
 */

/** The last transaction that a backup has. */
export interface KnownTransaction {
  id: number;
  checksum: bigint;
}

/** What has come of transactions; `first` and `last` are undefined if none has. */
export interface ReceivedTransactions {
  count: number;
  first: number | undefined;
  last: number | undefined;
  bytes: number;
}

/** Takes transactions that are checked: without a gap, each whole when {@link takeTransaction} is called. */
export interface TransactionLog extends TransactionSink {
  /** Asked behind each piece that came: undefined if more may come at once, else fulfilled when it may. */
  drain(): Promise<void> | undefined;
}

/** A full backup that is being received: files, then the transactions behind their check point. */
export interface FullBackup extends CopyReceiver {
  readonly log: TransactionLog;
  /**
   * The last transaction that the files know. They have all ended.
   * @throws GraphkeepError `peer.protocol` if there is no `neostore` among them
   */
  readLastTransaction(): number;
  /** The files have all ended. @throws GraphkeepError `store.*` unless they are a whole store of a release that is supported */
  requireSupported(): Promise<void>;
  /**
   * Everything has come, and the transactions fit the files: makes it a backup, complete and durable, that waits for its publication.
   * @returns its last transaction
   */
  finish(received: ReceivedTransactions, signal: AbortSignal): Promise<number>;
  /** Puts the backup in its place. Returns where the one is now that was there before, or undefined if there was none. */
  publish(): Promise<string | undefined>;
  abandon(): Promise<void>;
}

/** A backup that is brought up to date. */
export interface ContinuedBackup {
  readonly storeId: StoreIdentity;
  readonly last: KnownTransaction;
  /** Where the transactions behind {@link last} go. What went there before is dropped: they may be asked for again. */
  beginLog(): Promise<TransactionLog>;
  /** Makes the transactions part of the backup; there is at least one. */
  append(received: ReceivedTransactions, signal: AbortSignal): Promise<void>;
  /** There are none: the backup stays as it is. */
  leave(): Promise<void>;
  abandon(): Promise<void>;
}

/** Where backups of one database go. */
export interface BackupTarget {
  /** Path or address, for errors and messages. */
  readonly location: string;
  /**
   * True if there is a backup, which can be continued or, kept aside, replaced; false if there is nothing.
   * @throws GraphkeepError `usage`, `store.unsupported` for anything else, which is not to be touched
   */
  holdsBackup(): Promise<boolean>;
  /** `from`: who sends, for errors about what comes. */
  beginFullBackup(from: ErrorPlace): Promise<FullBackup>;
  /**
   * What a killed run has left is finished first.
   * @throws GraphkeepError `store.*` for a backup that is damaged: a full one may replace it
   */
  continueBackup(signal: AbortSignal): Promise<ContinuedBackup>;
  close(): Promise<void>;
}
