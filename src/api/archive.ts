import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { atFile } from '../base/file-errors.ts';
import { dumpDatabase } from '../restore/database-dump.ts';
import { loadDatabase } from '../restore/database-load.ts';
import type { RestoreEvent } from '../restore/restore-events.ts';
import type { RestoreNote } from '../restore/restore-notes.ts';
import { type Cancellable, signalOf } from './configuration.ts';
import { type DatabaseLocation, locate } from './restore.ts';

/** How to dump a database. */
export interface DumpOptions extends DatabaseLocation, Cancellable {
  /** A file that does not exist, or a directory, which then gets `<database>.dump`. */
  to: string;
  /** Every 3.4 and 3.5 can load gzip (default); zstd is what 3.5.34 writes, smaller and faster. */
  compression?: 'gzip' | 'zstd';
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: RestoreEvent) => void;
}

/** An archive that was written. */
export interface DumpResult {
  /** Absolute path of the archive. */
  archive: string;
  /** Its size. */
  bytes: number;
  /** Names in the database directory that are of no database, and not in the archive. */
  leftOut: readonly string[];
}

/**
 * Dumps a database that no server uses, and that was closed cleanly, into an archive as `neo4j-admin dump` writes it.
 *
 * @throws GraphkeepError `database.missing`, `archive.exists`, `store.needs-recovery`, `store.missing-file`, `directory.in-use`,
 *   `directory.forbidden`, `file.io`, `cancelled`
 */
export async function dump(options: DumpOptions): Promise<DumpResult> {
  const leftOut: string[] = [];
  const archive = await dumpDatabase({
    ...locate(options),
    to: resolve(options.to),
    compression: options.compression,
    onLeftOut: (name) => leftOut.push(name),
    signal: signalOf(options),
    onEvent: options.onEvent,
  });
  const { size: bytes } = await atFile('read the file', archive, () => stat(archive));
  return { archive, bytes, leftOut };
}

/** How to load an archive. */
export interface LoadOptions extends DatabaseLocation, Cancellable {
  /** The archive. */
  from: string;
  /** Replace a database that exists. It is kept until the archive is unpacked and verified. Default false. */
  force?: boolean;
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: RestoreEvent) => void;
}

/**
 * Unpacks an archive of `neo4j-admin dump` in the place of a database that no server uses.
 * @returns what you should know although the database is in its place
 *
 * @throws GraphkeepError `archive.missing`, `archive.invalid`, `database.exists` (without `force`), `directory.in-use`,
 *   `directory.forbidden`, `store.missing-file`, `store.corrupt`, `file.io`, `cancelled`
 */
export async function load(options: LoadOptions): Promise<{ notes: readonly RestoreNote[] }> {
  const notes = await loadDatabase({
    ...locate(options),
    from: resolve(options.from),
    force: options.force ?? false,
    signal: signalOf(options),
    onEvent: options.onEvent,
  });
  return { notes };
}
