import type { ErrorPlace } from '../base/errors.ts';
import type { StoreIdentity } from '../store/files/store-id.ts';

/*
 * The interface between a source and a backup. A source is one database and one way to reach it: a server that speaks some protocol, or
 * files. It does not know what becomes of the bytes, and the backup does not know where they come from. Every difference between sources is
 * a fact or a behaviour of this interface; no code asks which source it has. test/support/conformance/backup-source.ts tests these rules
 * for every source.
 *
 * - Calls: one at a time. Each call starts from nothing, so it may be repeated after success and after an error. It resolves once
 *   everything was delivered and accepted.
 * - Errors: an error of a receiver (thrown or rejected) rejects the call with that same error. Once a call has rejected, the receiver is
 *   not called any more, and what was delivered is worthless. A call interrupted by its signal or by `close` rejects with `cancelled`.
 *   Connection errors have a code `peer.*` or `tls.*` and a `place`.
 * - Buffers: the memory of a chunk belongs to the source, which reuses it once the receiver has returned and its promise, if any, is
 *   fulfilled. A chunk is never empty. Until then nothing more of this file, or of the transactions, is delivered. So a slow receiver slows
 *   the source down, and memory use stays flat.
 * - Order: files in any order, several at a time, each name once. All files end before the first transaction. Transactions in id order,
 *   without gaps or repeats, cut into chunks anywhere.
 * - Handles: between calls nothing is open that the other side would notice, except what `close` releases.
 */

/** A store file that is about to arrive. */
export interface StoreFileStream {
  /** Relative to the database directory, separated by `/`. Checked: it stays inside the target and is not a name that is never sent. */
  name: string;
  /** Record size of a record store, 1 for everything else. */
  alignment: number;
  /** True: {@link FileReceiver.end} follows at once; create the file all the same. */
  empty: boolean;
}

/**
 * Receives the files of a full copy. Several files may be open at the same time. For each of them the source makes one call at a time and
 * waits for the promise; while the receiver writes, the source continues to fill its buffers.
 */
export interface CopyReceiver {
  /** Must open exclusively: on a file system that ignores case, two different names may be one file. */
  openFile(file: StoreFileStream): Promise<FileReceiver>;
  /**
   * Called once if the source knows it: the number of files, including those already received. The files of `indexes` indexes are not
   * counted.
   */
  filesAnnounced?(announced: { files: number; indexes: number }): void;
  /**
   * Called at most once, before the first transaction, if the source sees the version of the server's `native-btree` index files, whether
   * it delivers any or not.
   */
  genericIndexes?(minorVersion: number): void;
}

/** Receives one file: its data, then {@link end}. */
export interface FileReceiver {
  /** The memory of `chunk` is reused once the call has returned and its promise, if any, is fulfilled. */
  bytes(chunk: Buffer): Promise<void> | undefined;
  /**
   * Before the first {@link bytes}: takes the whole content of the file at `path`, but no more than `mostBytes`, by sharing its blocks
   * on disk. Returns its size; undefined if that is not possible here, and then nothing was taken. A receiver without files has no such
   * method.
   */
  clone?(path: string, mostBytes: number): Promise<number | undefined>;
  /** What was received so far is worthless: the file starts again from its beginning. */
  restart(): Promise<void>;
  end(): Promise<void> | void;
  /** Instead of {@link end}, or after it: the file is not part of the copy after all, and may be opened again. */
  discard(): Promise<void>;
}

/** Receives transactions as the bytes of a log without its header, cut anywhere. The rules of {@link FileReceiver.bytes} apply. */
export interface TransactionReceiver {
  transactionBytes(chunk: Buffer): Promise<void> | undefined;
  /**
   * Called at most once, before the first transaction, by a source that requests transactions separately: it now requests those from
   * `first` on. Not called where transactions simply follow the files.
   */
  transactionsFrom?(first: number): void;
}

/** Receives the identity of the store that the transactions belong to. */
export interface StoreIdReceiver {
  /** Called once, before anything else is delivered. Throw to refuse the store. */
  storeId(id: StoreIdentity): void;
}

/** What a source has after the last transaction that it delivered. */
export interface WaitingTransactions {
  readonly transactions: number;
  /** Their size in the log. */
  readonly bytes: number;
}

/** The newest part of a history, for a source that can see it without asking anybody. */
export interface HistoryTail {
  /**
   * Yields what waits after those transactions that the last call delivered: at once, and whenever that may have changed, several times a
   * second. Call it between two calls of the source; leave the loop before the next one.
   * @throws GraphkeepError if that cannot be seen any more; the next call tells why. `cancelled`
   */
  watch(signal: AbortSignal): AsyncIterable<WaitingTransactions>;
}

/** Where a backup comes from. */
export interface BackupSource {
  /**
   * True once it is certain that this is the right protocol: the other side has answered in it. A later failure would not go better in
   * another protocol.
   */
  readonly isRightProtocol: boolean;
  /** The other side, for errors and messages: a server or a directory. */
  readonly place: ErrorPlace;
  /** Set if somebody follows the source, and it can see by itself what is new. */
  readonly tail?: HistoryTail | undefined;
  /**
   * Delivers all store files as of at least a check point C, then every transaction after C up to the newest one at the time when the files
   * were complete.
   * @throws GraphkeepError `peer.hostile` for a harmful file name, `peer.protocol` if the files belong to another store than the one named
   */
  fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreIdentity }>;
  /**
   * Delivers every transaction after `lastTransactionId`, which is at least 1; none if there is nothing new, or if the database is behind.
   * To verify that the history is the same, the caller requests one transaction more than it needs.
   * @throws GraphkeepError `peer.history-pruned` if no log holds the next transaction any more; no transaction was delivered then
   */
  transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreIdentity }>;
  /** Ends a call under way with `cancelled`, waits for its end and releases everything. May be called again; no other call may follow. */
  close(): Promise<void>;
}
