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

/** Transaction bytes as they stand in a log, in pieces of many. A piece is valid until the next one is asked for. */
export interface ServedTransactions extends AsyncIterable<Uint8Array> {
  /** The same one by one. Each is valid until the next one is asked for. */
  each(): AsyncIterable<ServedTransaction>;
  /** Gives back the log files; also to be called when nothing was read. May be called again. */
  close(): void;
}

/** A file that is read by itself, outside of a copy. */
export interface OpenedFile extends ServedFile {
  /**
   * Exactly `sizeBytes` bytes; a piece is valid until the next one is asked for.
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
 * Store files that are at least as new as a check point C, and then every transaction after C: what a full backup is. Order of the
 * calls: {@link readFile} for each of {@link files}, {@link openTransactions}, {@link close}; `close` alone at any time.
 */
export interface ServedCopy {
  /** C: the files hold every transaction up to this one. */
  readonly lastTransaction: number;
  /** `neostore` is the last one: a client that has it has them all. */
  readonly files: readonly ServedFile[];
  /** True if the database can make no check point until {@link openTransactions}, {@link letFilesMove} or {@link close}. */
  readonly holdsCheckPoints: boolean;
  /** The files are still as of C: {@link letFilesMove} was not called. */
  readonly isStill: boolean;
  /**
   * Exactly `sizeBytes` bytes; a piece is valid until the next one is asked for.
   * @throws GraphkeepError `serve.changed` if the file is not what it was when the copy began
   */
  readFile(file: ServedFile, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Every transaction after C up to the last one that is durable now, without gaps. Reading ends with `log.gap` if one is missing:
   * the files would not be consistent without it.
   */
  openTransactions(): ServedTransactions;
  /** Lets check points run, which change files; only the log from C on stays. For a closed store this changes nothing. */
  letFilesMove(): void;
  /** Gives everything back. May be called again. */
  close(): void;
}

/** A store that a {@link ../backup-listener.ts BackupListener} gives to clients. Any number of copies may be open at the same time. */
export interface ServedDatabase {
  readonly storeId: StoreId;
  /** For people: what is served. */
  readonly description: string;
  /** The last durable transaction. */
  readonly lastTransaction: number;
  /** May take as long as a check point takes. */
  openFullCopy(signal: AbortSignal, request?: CopyRequest): Promise<ServedCopy>;
  /**
   * The transactions after `after` up to the last durable one; none if there is nothing newer, also for a client that is ahead
   * (spec common-protocol 10).
   * @throws GraphkeepError `serve.history-pruned` if the first of them is in no log any more
   */
  openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions>;
  /** True if a check point was made here that covers the transaction. Otherwise one is begun, for the next time. */
  hasReached(transaction: number): boolean;
  /**
   * Opens the only file whose name ends with this one (spec catchup-protocol 11). A record store that a check point changes while it is
   * read comes with parts before and after that; who replays every transaction since {@link hasReached} repairs it. Nothing else may be
   * torn, so for other files check points are held.
   * @throws GraphkeepError `serve.no-file` if there is none, or more than one
   */
  openFile(name: string, signal: AbortSignal): Promise<OpenedFile>;
}
