import { dirname, relative } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { NEO4J_3 } from '../generation/neo4j-3.ts';
import { withDatabaseLock } from '../store/files/database-lock.ts';
import { recogniseArchive } from './archive-content.ts';
import { readArchive } from './archive-reading.ts';
import { requireRestorable } from './restorable-store.ts';
import type { ArchiveProgress } from './restore-events.ts';
import type { RestoreNote } from './restore-notes.ts';
import { listTransactionLogs } from './separate-logs.ts';
import { StagedDatabase } from './staged-database.ts';

export interface LoadOptions extends ArchiveProgress {
  /** Absolute path of the archive. */
  from: string;
  databaseName: string;
  databaseDirectory: string;
  transactionLogDirectory: string;
  /** Replace an existing database. */
  force: boolean;
}

/**
 * Loads a database from an archive (spec backup-command 7.3). The archive is unpacked and fully verified before the old database is
 * touched; the Java tool removes that first and then looks at the archive.
 * @returns what the user should know although the database is in place
 */
export async function loadDatabase(options: LoadOptions): Promise<RestoreNote[]> {
  const { databaseName, databaseDirectory, from, force, signal } = options;
  const logs = options.transactionLogDirectory === databaseDirectory ? undefined : options.transactionLogDirectory;
  if (!force) {
    await recogniseArchive(from);
    const taken =
      (await statIfExists(databaseDirectory)) !== undefined ||
      (logs !== undefined && (await listTransactionLogs(logs)).length > 0);
    if (taken) throw new GraphkeepError('database.exists', `database already exists: ${databaseName}`);
  }
  await makeDirectory(dirname(databaseDirectory));
  const forbidden = 'you do not have permission to load a database -- is Neo4j running as a different user?';
  return await withDatabaseLock(databaseDirectory, forbidden, async () => {
    await recogniseArchive(from);
    const staged = await StagedDatabase.create({ ...options, files: NEO4J_3.files });
    try {
      await readArchive(from, staged.path, options);
      await requireLoadable(staged.path, from);
      throwIfCancelled(signal);
      return await staged.publish();
    } catch (error) {
      await staged.discard();
      throw error;
    }
  });
}

/** Refuses what no 3.x server opens. Errors name the files as part of the archive, since the staging directory is removed. */
async function requireLoadable(staged: string, archive: string): Promise<void> {
  try {
    await requireRestorable(staged);
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    throw ofArchive(error, staged, archive);
  }
}

function ofArchive({ code, message, observed, place, hint }: GraphkeepError, staged: string, archive: string) {
  const name = place?.file === undefined ? '' : relative(staged, place.file);
  return new GraphkeepError(code, `the archive cannot be loaded: ${message}`, {
    place: { file: archive },
    observed: observed ?? `./${name}`,
    hint,
  });
}
