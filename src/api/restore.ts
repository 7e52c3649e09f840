import { basename, resolve } from 'node:path';
import { refuseReservedName } from '../base/reserved-names.ts';
import { restoreDatabase } from '../restore/database-restore.ts';
import type { RestoreEvent } from '../restore/restore-events.ts';
import type { RestoreNote } from '../restore/restore-notes.ts';
import { type Cancellable, signalOf } from './configuration.ts';

export type { RestoreEvent } from '../restore/restore-events.ts';
export type { RestoreNote } from '../restore/restore-notes.ts';

/** Where a database is. Relative paths begin at the working directory. */
export interface DatabaseLocation {
  /** Directory of the database, as in `/var/lib/neo4j/data/databases/graph.db`. */
  database: string;
  /** Directory of its transaction logs, if they are elsewhere (`dbms.directories.tx_log`). */
  transactionLogs?: string;
}

/** How to restore a backup. */
export interface RestoreOptions extends DatabaseLocation, Cancellable {
  /** The backup. */
  from: string;
  /** Replace a database that exists. It is kept until the new one is complete. Default false. */
  force?: boolean;
  /** Also check the consistency of the copy before it replaces anything. Default false. */
  check?: boolean;
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: RestoreEvent) => void;
}

/** A database that was restored. */
export interface RestoreResult {
  files: number;
  bytes: number;
  /** The backup was not closed cleanly: a server recovers the database at its first start. */
  needsRecovery: boolean;
  /** What you should know although the database is in its place. */
  notes: readonly RestoreNote[];
}

/**
 * Puts a backup in the place of a database that no server uses.
 *
 * @throws GraphkeepError `backup.missing`, `backup.invalid`, `database.exists` (without `force`), `directory.in-use`,
 *   `directory.forbidden`, `store.missing-file`, `store.corrupt`, `check.inconsistent`, `file.io`, `cancelled`
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { recovered: _, ...result } = await restoreDatabase({
    ...locate(options),
    typedFrom: options.from,
    from: resolve(options.from),
    force: options.force ?? false,
    checkConsistency: options.check ?? false,
    signal: signalOf(options),
    onEvent: options.onEvent,
  });
  return result;
}

/** Absolute paths and the name of a database. @throws GraphkeepError `usage` for a reserved name */
export function locate({ database, transactionLogs }: DatabaseLocation) {
  const databaseDirectory = resolve(database);
  const databaseName = basename(databaseDirectory);
  refuseReservedName('database', databaseName);
  return {
    databaseName,
    databaseDirectory,
    transactionLogDirectory: transactionLogs === undefined ? databaseDirectory : resolve(transactionLogs),
  };
}
