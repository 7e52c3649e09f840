import type { RecoveryStart } from '../log/v3/recovery-start.ts';
import type { DatabaseFileHandling, DatabaseFileRole } from '../store/files/store-files.ts';
import type { StoreId } from '../store/files/store-id.ts';

/**
 * What differs between generations of the server, as data: one row for each. Whoever copies, serves, stores or restores the files of a
 * database asks the row, and nobody asks for a version number.
 */
export interface Generation {
  /** As it stands in messages: `3.4 or 3.5`. */
  readonly releases: string;
  readonly files: DatabaseFiles;
  /** The number at the start of every log file (spec transaction-logs 1). */
  readonly logFormat: number;
  /** Who brings a copy, store files and the log after them, to the state at the end of the log: we do, or the server when it starts. */
  readonly completedBy: 'replay' | 'server';
  /** What the database in a directory says of itself. @throws GraphkeepError `store.missing-file`, `store.corrupt`, `file.io` */
  readFacts(directory: string): DatabaseFacts;
  /**
   * Finds the last check point, wherever this generation keeps them, and what follows it in the log.
   * @throws GraphkeepError `log.no-check-point`, `log.corrupt`, `log.gap`, `file.io`
   */
  findRecoveryStart(logDirectory: string): RecoveryStart;
}

/** The files below the directory of a database. */
export interface DatabaseFiles {
  /** The file without which no server takes the directory for a database: it is put there last, and removed first. */
  readonly keyFile: string;
  /** Locked by whoever works in the database; part of no copy. */
  readonly lockFile: string;
  /** What a file is, by its path below the directory with `/` between the parts. A directory ends with `/`. */
  roleOf(path: string): DatabaseFileRole;
  /** What a copy does with files of a role. */
  handlingOf(role: DatabaseFileRole): DatabaseFileHandling;
}

/** What the key file, or what stands in its place, tells of a database. */
export interface DatabaseFacts {
  readonly storeId: StoreId;
  /** For example `v0.A.9`. */
  readonly format: string;
  /** Of the last transaction that is in the store files for sure. */
  readonly lastTransaction: number;
}
