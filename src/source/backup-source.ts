import type { StoreIdentity } from '../store/files/store-id.ts';

/** A store file that is about to arrive. */
export interface StoreFileStream {
  /** Relative to the database directory, separated by `/`; checked: it does not leave the target, and is none of the names that are never sent. */
  name: string;
  /** Record size of a record store, 1 for everything else. */
  alignment: number;
  /** True: {@link FileReceiver.end} follows at once; the file is to be created all the same. */
  empty: boolean;
}

/**
 * Takes the files of a full copy. Several files may be open at the same time. For each of them the source makes one call at a time and
 * waits for the promise; while the receiver writes, the source goes on receiving within its buffers. Whatever a receiver throws ends the
 * copy with that error. Once the copy has failed, nothing more is called, and the calls under way have returned.
 */
export interface CopyReceiver {
  /** Open exclusively: on a file system that ignores case two different names may be one file. */
  openFile(file: StoreFileStream): Promise<FileReceiver>;
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
  /** Told once if the source knows it: transactions from this one on are asked for now. */
  transactionsFrom?(first: number): void;
}

/** Sees whose transactions come, before the first of them. */
export interface StoreIdReceiver {
  /** Throws to refuse the store. */
  storeId(id: StoreIdentity): void;
}

/** Where a backup comes from: a server, spoken to in one of its protocols. */
export interface BackupSource {
  readonly kind: 'catchup' | 'common';
  /** True once the server has answered in this protocol: whatever fails then would not do better in another one. */
  readonly isRightProtocol: boolean;
  /** `host:port`, for messages. */
  describeAddress(): string;
  /**
   * All store files as of at least a check point C, then every transaction after C up to the newest one when the files were complete.
   * Fulfilled when everything has arrived and was taken.
   */
  fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreIdentity }>;
  /**
   * Every transaction after `lastTransactionId`, which is at least 1; none if there is nothing new (or the server is behind). Rejected
   * with `peer.history-pruned` if the server has them no longer.
   */
  transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreIdentity }>;
}
