import type { RecoveryStart } from '../log/v3/recovery-start.ts';
import type { LiveReading, ModernFileRole } from '../store/files/modern/modern-files.ts';
import type { ModernMetadata } from '../store/files/modern/modern-metadata.ts';
import type { DatabaseFileHandling, DatabaseFileRole } from '../store/files/store-files.ts';
import type { StoreId } from '../store/files/store-id.ts';

/**
 * The differences between generations of the server, as data: one row for each. Code that copies, serves, stores or restores database files
 * asks the row and never a version number.
 */
export interface Generation {
  /** For messages: `3.4 or 3.5`. */
  readonly releases: string;
  readonly files: DatabaseFiles<string>;
  /** The numbers that its log files begin with (spec transaction-logs 1). */
  readonly logFormats: readonly number[];
  /** What the database in a directory says about itself. @throws GraphkeepError `store.missing-file`, `store.corrupt`, `file.io` */
  readFacts(directory: string): DatabaseFacts;
}

/** A generation whose formats are fully known: our replay applies the log to the copied store files. */
export interface ReplayedGeneration extends Generation {
  readonly completedBy: 'replay';
  readonly files: DatabaseFiles;
  readFacts(directory: string): ReplayedFacts;
  /**
   * Finds the last check point, wherever this generation keeps it, and the log that follows it.
   * @throws GraphkeepError `log.no-check-point`, `log.corrupt`, `log.gap`, `file.io`
   */
  findRecoveryStart(logDirectory: string): RecoveryStart;
}

/** The files in a database directory. */
export interface DatabaseFiles<Role extends string = DatabaseFileRole> {
  /** The file without which no server recognizes the directory as a database: published last, removed first. */
  readonly keyFile: string;
  /** Locked by any process that works in the database; never copied. */
  readonly lockFile: string;
  /** The role of a file, by its path in the directory with `/` between the parts. The path of a directory ends with `/`. */
  roleOf(path: string): Role;
  /** How a copy treats files of a role. */
  handlingOf(role: Role): DatabaseFileHandling;
}

/** What the key file (or its equivalent) says about a database. */
export interface DatabaseFacts {
  /** For example `v0.A.9`. */
  readonly format: string;
  /** The last transaction that is certainly in the store files; undefined if only the log knows. */
  readonly lastTransaction: number | undefined;
}

export interface ReplayedFacts extends DatabaseFacts {
  readonly storeId: StoreId;
  readonly lastTransaction: number;
}

/** A generation whose servers complete a copy themselves when they start: we copy files and log, and never change them. */
export interface RecoveredGeneration extends Generation {
  readonly completedBy: 'server';
  readonly files: ModernDatabaseFiles;
  /** Where its servers keep databases. */
  readonly directories: DirectorySettings;
  readFacts(directory: string): ModernMetadata;
}

export interface ModernDatabaseFiles extends DatabaseFiles<ModernFileRole> {
  /** A server does not start without these. */
  readonly mandatory: readonly string[];
  /** How a file must be read while the server writes it; undefined for what is no file of a copy. */
  readingOf(role: ModernFileRole): LiveReading | undefined;
}

/** The settings in neo4j.conf that say where databases and their logs are, and the name of the one that users have. */
export interface DirectorySettings {
  readonly data: string;
  readonly transactionLogs: string;
  readonly defaultDatabase: string;
}
