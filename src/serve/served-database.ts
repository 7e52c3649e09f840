import type { StoreId } from '../store/store-id.ts';

/** A file of a full copy. */
export interface ServedFile {
  /** Relative to the database directory, separated by `/`. */
  readonly name: string;
  /** Record size of record stores, 1 for everything else (common-protocol spec 9). */
  readonly alignment: number;
  readonly sizeBytes: number;
}

/** Transaction bytes as they stand in a log. A piece is valid until the next one is asked for. */
export interface ServedTransactions extends AsyncIterable<Uint8Array> {
  /** Gives back the log files; also to be called when nothing was read. May be called again. */
  close(): void;
}

export interface CopyRequest {
  /** Also send the transaction log files, first ("forensics", common-protocol spec 8). */
  logs: boolean;
}

/**
 * Store files that are at least as new as a check point C, and then every transaction after C: what a full backup is. Order of the
 * calls: {@link readFile} for each of {@link files}, {@link openTransactions}, {@link close}; `close` alone at any time.
 */
export interface ServedCopy {
  /** `neostore` is the last one: a client that has it has them all. */
  readonly files: readonly ServedFile[];
  /** True if the database can make no check point until {@link openTransactions} or {@link close}. */
  readonly holdsCheckPoints: boolean;
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
  /** Gives everything back. May be called again. */
  close(): void;
}

/** A store that a {@link ./backup-listener.ts BackupListener} gives to clients. Any number of copies may be open at the same time. */
export interface ServedDatabase {
  readonly storeId: StoreId;
  /** For people: what is served. */
  readonly description: string;
  /** May take as long as a check point takes. */
  openFullCopy(signal: AbortSignal, request?: CopyRequest): Promise<ServedCopy>;
  /**
   * The transactions after `after` up to the last durable one; none if there is nothing newer, also for a client that is ahead
   * (common-protocol spec 10).
   * @throws GraphkeepError `serve.history-pruned` if the first of them is in no log any more
   */
  openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions>;
}
