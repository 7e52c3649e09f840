import type { RecoveryStart } from '../log/v3/recovery-start.ts';
import type { DatabaseFileHandling, DatabaseFileRole } from '../store/files/store-files.ts';
import type { StoreId } from '../store/files/store-id.ts';

/**
 * The differences between generations of the server, as data: one row for each. Code that copies, serves, stores or restores database files
 * asks the row and never a version number.
 */
export interface Generation {
  /** For messages: `3.4 or 3.5`. */
  readonly releases: string;
  readonly files: DatabaseFiles;
  /** The number at the start of every log file (spec transaction-logs 1). */
  readonly logFormat: number;
  /** Who applies the log to the copied store files: our replay, or the server when it starts. */
  readonly completedBy: 'replay' | 'server';
  /** What the database in a directory says about itself. @throws GraphkeepError `store.missing-file`, `store.corrupt`, `file.io` */
  readFacts(directory: string): DatabaseFacts;
  /**
   * Finds the last check point, wherever this generation keeps it, and the log that follows it.
   * @throws GraphkeepError `log.no-check-point`, `log.corrupt`, `log.gap`, `file.io`
   */
  findRecoveryStart(logDirectory: string): RecoveryStart;
}

/** The files in a database directory. */
export interface DatabaseFiles {
  /** The file without which no server recognizes the directory as a database: published last, removed first. */
  readonly keyFile: string;
  /** Locked by any process that works in the database; never copied. */
  readonly lockFile: string;
  /** The role of a file, by its path in the directory with `/` between the parts. The path of a directory ends with `/`. */
  roleOf(path: string): DatabaseFileRole;
  /** How a copy treats files of a role. */
  handlingOf(role: DatabaseFileRole): DatabaseFileHandling;
}

/** What the key file (or its equivalent) says about a database. */
export interface DatabaseFacts {
  readonly storeId: StoreId;
  /** For example `v0.A.9`. */
  readonly format: string;
  /** The last transaction that is certainly in the store files. */
  readonly lastTransaction: number;
}
