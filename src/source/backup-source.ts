import type { ErrorPlace } from '../base/errors.ts';
import type { StoreIdentity } from '../store/files/store-id.ts';

/*
 * The seam between a source and a backup. A source is one database and one way to it: a server spoken to in a protocol, or files. It knows
 * nothing of what becomes of the bytes; the backup knows nothing of the way. Whatever differs between ways is a fact or a behaviour of this
 * interface: nobody asks which source it is. What stands here is tested by test/support/conformance/backup-source.ts, for every source.
 *
 * Calls      One at a time. Each call begins from nothing, so it may be made again, after success and after an error alike. It is fulfilled
 *            when everything was handed on and taken. Errors     Whatever a receiver throws, or rejects with, ends the call with that same
 *            error. When a call has been rejected, no call to the receiver is under way and none follows; what was handed on is worthless.
 *            Interrupted by its signal, or by `close`, a call is rejected with `cancelled`. An error of the way has a code `peer.*` or
 *            `tls.*` and its `place`. Buffers    The memory of a chunk belongs to the source, and is reused when the receiver has taken it:
 *            behind the return, and behind the promise if there is one. A chunk is never empty. Until then nothing more of this file, or of
 *            the transactions, is handed on, so a slow receiver slows the source down and memory stays flat. Order      Files in any order,
 *            several at a time, each name once. All files have ended before the first transaction. Transactions in the order of their ids,
 *            without a gap and none twice, cut into chunks anywhere. Handles    Between calls nothing is open that the other side would
 *            notice, but what `close` gives back.
 */

/** A store file that is about to arrive. */
export interface StoreFileStream {
  /**
   * Relative to the database directory, separated by `/`; checked: it does not leave the target, and is none of the names that are never
   * sent.
   */
  name: string;
  /** Record size of a record store, 1 for everything else. */
  alignment: number;
  /** True: {@link FileReceiver.end} follows at once; the file is to be created all the same. */
  empty: boolean;
}

/**
 * Takes the files of a full copy. Several files may be open at the same time. For each of them the source makes one call at a time and
 * waits for the promise; while the receiver writes, the source goes on receiving within its buffers.
 */
export interface CopyReceiver {
  /** Open exclusively: on a file system that ignores case two different names may be one file. */
  openFile(file: StoreFileStream): Promise<FileReceiver>;
  /**
   * Told once if the source knows it: how many files there are, those that came before included; those of `indexes` indexes come beside.
   */
  filesAnnounced?(announced: { files: number; indexes: number }): void;
}

/** Takes one file: its data, {@link end}. */
export interface FileReceiver {
  /** The memory of `chunk` is reused as soon as the call has returned and its promise, if any, is fulfilled. */
  bytes(chunk: Buffer): Promise<void> | undefined;
  /** What has come so far is worthless: the file comes again from its beginning. */
  restart(): Promise<void>;
  end(): Promise<void> | void;
  /** In place of {@link end}, or behind it: the file is not part of the copy after all, and may be opened again. */
  discard(): Promise<void>;
}

/** Takes transactions as the bytes of a log without its header, cut anywhere; the rules of {@link FileReceiver.bytes} hold. */
export interface TransactionReceiver {
  transactionBytes(chunk: Buffer): Promise<void> | undefined;
  /**
   * Told at most once, before the first of them, by a source that asks for transactions by themselves: from this one on they are asked for
   * now. Where they simply follow the files, nobody asks, and nothing is told.
   */
  transactionsFrom?(first: number): void;
}

/** Sees whose transactions come. */
export interface StoreIdReceiver {
  /** Called once, before anything else is handed on. Throws to refuse the store. */
  storeId(id: StoreIdentity): void;
}

/** Where a backup comes from. */
export interface BackupSource {
  /**
   * True once it is certain that this is the way to the database: it has answered in this protocol. Whatever fails then would not do better
   * in another way.
   */
  readonly isRightProtocol: boolean;
  /** The other side, for errors and messages: a server, or a directory. */
  readonly place: ErrorPlace;
  /**
   * All store files as of at least a check point C, then every transaction after C up to the newest one when the files were complete.
   * @throws GraphkeepError `peer.hostile` for a file name that could do harm, `peer.protocol` for files of another store than the one named
   */
  fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreIdentity }>;
  /**
   * Every transaction after `lastTransactionId`, which is at least 1; none if there is nothing new, or if the database is behind. Whether
   * its history is the one that the caller knows is found out by the caller, who asks for one transaction more than it needs.
   * @throws GraphkeepError `peer.history-pruned` if the next transaction is in no log any more: then no transaction was handed on
   */
  transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreIdentity }>;
  /** Ends a call that is under way, waits for its end and gives everything back. May be called again; no other call may follow. */
  close(): Promise<void>;
}
