import type { StoreId } from '../../store/files/store-id.ts';

/** A file of a full copy. */
export interface ServedFile {
  /** Relative to the database directory, separated by `/`. */
  readonly name: string;
  /** Record size of record stores, 1 for everything else (spec common-protocol 9). */
  readonly alignment: number;
  readonly sizeBytes: number;
}

export interface ServedTransaction {
  readonly transactionId: number;
  /** From its start entry to its commit entry. */
  readonly bytes: Uint8Array;
}

/** Transaction bytes as in a log, in pieces of many transactions. A piece is valid until the next one is requested. */
export interface ServedTransactions extends AsyncIterable<Uint8Array> {
  /** The same, one transaction at a time. Each is valid until the next one is requested. */
  each(): AsyncIterable<ServedTransaction>;
  /** Releases the log files; must be called even if nothing was read. May be called again. */
  close(): void;
}

/** A file that is read on its own, outside a copy. */
export interface OpenedFile extends ServedFile {
  /**
   * Exactly `sizeBytes` bytes; a piece is valid until the next one is requested.
   * @throws GraphkeepError `serve.changed` if the file became shorter, or changed in a way that replay cannot repair
   */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** True if the database can make no check point until {@link close}. */
  readonly holdsCheckPoints: boolean;
  close(): void;
}

export interface CopyRequest {
  /** Also send the transaction log files, first ("forensics", spec common-protocol 8). */
  logs: boolean;
}

/**
 * The content of a full backup: store files that are at least as new as a check point C, then every transaction after C. Order of calls:
 * {@link readFile} for each of {@link files}, {@link openTransactions}, {@link close}. `close` may be called at any time.
 */
export interface ServedCopy {
  /** C: the files hold every transaction up to this one. */
  readonly lastTransaction: number;
  /** `neostore` comes last: a client that has it has all files. */
  readonly files: readonly ServedFile[];
  /** True if the database can make no check point until {@link openTransactions}, {@link letFilesMove} or {@link close}. */
  readonly holdsCheckPoints: boolean;
  /** True if the files are still as of C: nothing was committed since, or nothing of it can have reached them. */
  readonly isStill: boolean;
  /**
   * Exactly `sizeBytes` bytes; a piece is valid until the next one is requested.
   * @throws GraphkeepError `serve.changed` if the file has changed since the copy began
   */
  readFile(file: ServedFile, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Every transaction after C up to the last one that is durable now, without gaps. Reading ends with `log.gap` if one is missing: the
   * files would be inconsistent without it.
   */
  openTransactions(): Promise<ServedTransactions>;
  /** Allows check points, which change files; only the log from C on stays. No effect for a closed store. */
  letFilesMove(): void;
  /** Releases everything. May be called again. */
  close(): void;
}

/** What a {@link ../backup-listener.ts BackupListener} serves. */
export interface ServedPlace {
  /**
   * The database that is there now, to answer one request with.
   * @throws GraphkeepError `serve.unavailable` if there is none
   */
  current(signal: AbortSignal): Promise<ServedDatabase>;
}

/** A database as it is when a request comes. Any number of copies may be open at the same time. */
export interface ServedDatabase {
  readonly storeId: StoreId;
  /** For messages: what is served. */
  readonly description: string;
  /** The last durable transaction. */
  readonly lastTransaction: number;
  /** May take as long as a check point. */
  openFullCopy(signal: AbortSignal, request?: CopyRequest): Promise<ServedCopy>;
  /**
   * The transactions after `after` up to the last durable one; none if there is nothing newer, or if the client is ahead (spec
   * common-protocol 10).
   * @throws GraphkeepError `serve.history-pruned` if no log holds the first of them any more
   */
  openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions>;
  /** True if a check point made here covers the transaction. Otherwise starts one, for the next time. */
  hasReached(transaction: number): boolean;
  /**
   * Opens the only file with this name (spec catchup-protocol 11). A record store that a check point changes while it is read has parts
   * from before and after; replaying every transaction since {@link hasReached} repairs it. No other file may be torn, so for those check
   * points are held.
   * @throws GraphkeepError `serve.no-file` if there is none, or more than one
   */
  openFile(name: string, signal: AbortSignal): Promise<OpenedFile>;
}
