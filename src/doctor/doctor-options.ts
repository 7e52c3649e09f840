import type { BackupOptions } from '../backup/backup-options.ts';
import type { GraphkeepError } from '../base/errors.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import type { ServerAddress } from '../net/server-address.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { TypedTarget } from './target/target-view.ts';

/** A database that is read from its files, as typed: an absolute path. */
export interface TypedFiles {
  path: string;
}

/** A repository, as typed. */
export interface TypedRepository {
  /** The name of the database in it, unless the source says which one it is; undefined: all that are there, if there is no source. */
  database: string | undefined;
  /** @throws GraphkeepError those of opening a store */
  open(): Promise<ObjectStore>;
}

export interface DoctorOptions {
  /** What is backed up; undefined: only the target is looked at. */
  from: ServerAddress | TypedFiles | undefined;
  /** Of the server of 4.2 or later at {@link from}: only this one, or `*` for all; undefined: those that it opens. */
  database: string | undefined;
  /** Where backups go; undefined, and no repositories: only the source is looked at. */
  to: TypedTarget | undefined;
  repositories: readonly TypedRepository[];
  protocol: BackupOptions['protocol'];
  /** Longest wait for each answer of a server, in milliseconds; more than 0. */
  timeoutMs: number;
  /** Most bytes per second that a backup reads of store files. */
  bytesPerSecond: number | undefined;
  /** Memory that a backup may use for changes and pages. */
  memoryBudgetBytes: number;
  /** The configuration of this command, or why it cannot be read: then only the target is looked at. */
  config: ClientConfig | GraphkeepError;
  /** The user has named the configuration, so none is looked for near the database. `configFile`: which one, for the report. */
  isNamed: boolean;
  configFile: string | undefined;
  /** The file of `--additional-config`: for a server of 4.2 or later, the only one in place of that near its databases. */
  additionalConfig: string | undefined;
}

/** Options with a configuration that could be read. */
export type ConfiguredOptions = DoctorOptions & { config: ClientConfig };
