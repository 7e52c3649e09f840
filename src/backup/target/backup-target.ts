import type { ErrorPlace } from '../../base/errors.ts';
import type { TransactionSink } from '../../log/v3/transaction-stream.ts';
import type { CopyReceiver } from '../../source/backup-source.ts';
import type { StoreIdentity } from '../../store/files/store-id.ts';

/*
 * The interface between a backup and its destination. A target receives files and transactions and stores them. It decides where, and
 * whether the transactions are replayed now or at a restore. The job asks for sinks, never for paths.
 * test/support/conformance/backup-target.ts tests these rules for every target.
 *
 *   holdsBackup ─┬─ no ───► beginFullBackup ─ files ─ transactions ─ finish ─ publish
 *                │                  ▲ fallback: the old backup is kept aside
 *                └─ yes ──► continueBackup ─ beginLog ─ transactions ─ append, or leave
 *
 * Calls      One backup at a time, in this order. `abandon` may be called at any time, even twice: what was received is dropped. `close`
 *            ends the target; calling it twice is harmless.
 * Visible    Until `publish`, and until `append` has begun, the target holds its old content, whatever fails or is killed. When they have
 *            resolved, the new state is durable. A kill in between leaves one of the two, or a state that the next run completes.
 * Buffers    The rules for a receiver of a source apply: see `source/backup-source.ts`.
 * Lock       An open target is exclusive: opening it again fails with `directory.in-use`.
 */

/** The last transaction of a backup. */
export interface KnownTransaction {
  id: number;
  checksum: bigint;
}

/** What was received of transactions; `first` and `last` are undefined if there was none. */
export interface ReceivedTransactions {
  count: number;
  first: number | undefined;
  last: number | undefined;
  bytes: number;
}

/** Receives checked transactions: without gaps, each complete when {@link takeTransaction} is called. */
export interface TransactionLog extends TransactionSink {
  /** Called after each piece: returns undefined if more may come at once, else a promise that resolves when it may. */
  drain(): Promise<void> | undefined;
}

/** A full backup that is being received: files, then the transactions after their check point. */
export interface FullBackup extends CopyReceiver {
  readonly log: TransactionLog;
  /**
   * The last transaction in the files. Call it after all files have ended.
   * @throws GraphkeepError `peer.protocol` if there is no `neostore` among them
   */
  readLastTransaction(): number;
  /** Call after all files have ended. @throws GraphkeepError `store.*` unless they are a complete store of a supported release */
  requireSupported(): Promise<void>;
  /**
   * Call after everything was received and the transactions fit the files: makes a complete, durable backup, ready for publication.
   * @returns its last transaction
   */
  finish(received: ReceivedTransactions, signal: AbortSignal): Promise<number>;
  /** Puts the backup in its place. Returns where the previous one is now, or undefined if there was none. */
  publish(): Promise<string | undefined>;
  abandon(): Promise<void>;
}

/** A backup that is brought up to date. */
export interface ContinuedBackup {
  readonly storeId: StoreIdentity;
  readonly last: KnownTransaction;
  /** Returns the sink for the transactions after {@link last}. Drops what an earlier sink received: they may be requested again. */
  beginLog(): Promise<TransactionLog>;
  /** Adds the transactions, at least one, to the backup. */
  append(received: ReceivedTransactions, signal: AbortSignal): Promise<void>;
  /** There are no transactions: the backup stays as it is. */
  leave(): Promise<void>;
  abandon(): Promise<void>;
}

/** The destination for backups of one database. */
export interface BackupTarget {
  /** Path or address, for errors and messages. */
  readonly location: string;
  /**
   * True if there is a backup, which can be continued or moved aside and replaced; false if there is nothing.
   * @throws GraphkeepError `usage`, `store.unsupported` for anything else, which must not be touched
   */
  holdsBackup(): Promise<boolean>;
  /** `from`: the sender, for errors about what it sends. */
  beginFullBackup(from: ErrorPlace): Promise<FullBackup>;
  /**
   * First finishes what a killed run left.
   * @throws GraphkeepError `store.*` for a damaged backup, which a full one may replace
   */
  continueBackup(signal: AbortSignal): Promise<ContinuedBackup>;
  /**
   * The next full backup takes the place of none: the history goes on, and the next {@link continueBackup} begins where it ends now. Absent
   * in a target that holds one backup only.
   */
  renew?(): void;
  close(): Promise<void>;
}
