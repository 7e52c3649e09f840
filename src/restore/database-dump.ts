import { dirname, join } from 'node:path';
import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { type FileRights, limitByUmask, rightsBelow, rightsOf } from '../base/file-rights.ts';
import type { DatabaseFiles, ReplayedGeneration } from '../generation/generation.ts';
import { requireGeneration } from '../generation/known-generations.ts';
import { withDatabaseLock } from '../store/files/database-lock.ts';
import type { ArchiveCompression } from './archive-content.ts';
import { writeArchive } from './archive-writing.ts';
import { archivePath, PartialArchive, requirePlaceForArchive } from './partial-archive.ts';
import { requireWholeFiles } from './restorable-store.ts';
import type { ArchiveProgress } from './restore-events.ts';
import { listTransactionLogs, requireOwnLogs } from './separate-logs.ts';

export interface DumpOptions extends ArchiveProgress {
  databaseName: string;
  databaseDirectory: string;
  transactionLogDirectory: string;
  /** Absolute path: a file that does not exist, or a directory, which then gets `<database>.dump`. */
  to: string;
  /** Default: gzip, which every release of 3.4 and 3.5 can load. */
  compression?: ArchiveCompression | undefined;
  /** Called for each name in the database directory that does not belong to a database and is therefore left out. */
  onLeftOut?: ((name: string) => void) | undefined;
}

/**
 * Dumps a database that no server uses into an archive (spec backup-command 7.3). Like the 3.5 tool, it refuses a database that was not
 * shut down cleanly. The archive appears under its name when it is complete; an existing file is never replaced.
 * @returns the path of the archive
 */
export async function dumpDatabase(options: DumpOptions): Promise<string> {
  const { databaseName, databaseDirectory, transactionLogDirectory } = options;
  const archive = await archivePath(options.to, databaseName);
  if ((await statIfExists(databaseDirectory))?.isDirectory() !== true) {
    throw new GraphkeepError('database.missing', `database does not exist: ${databaseName}`, {
      hint: `Check --database, NEO4J_HOME and dbms.directories.data: there is no directory ${databaseDirectory}.`,
    });
  }
  const forbidden = 'you do not have permission to dump the database -- is Neo4j running as a different user?';
  await withDatabaseLock(databaseDirectory, forbidden, async () => {
    const generation = await requireGeneration(databaseDirectory, 'copy', transactionLogDirectory);
    await requireOwnLogs(databaseDirectory, transactionLogDirectory);
    await requireClean(options, generation);
    await requireWholeFiles(databaseDirectory);
    await requirePlaceForArchive(archive);
    const logs =
      transactionLogDirectory === databaseDirectory ? [] : await listTransactionLogs(transactionLogDirectory);
    const transactionLogs = logs.map((name) => ({ name, path: join(transactionLogDirectory, name) }));
    const partial = await PartialArchive.create(archive);
    try {
      const { compression = 'gzip', onLeftOut } = options;
      const { files } = generation;
      const content = { databaseDirectory, files, transactionLogs, compression, onLeftOut };
      await writeArchive(partial.file, partial.path, content, options);
      await partial.publish(await rightsOfArchive(databaseDirectory, generation.files, dirname(archive)));
    } finally {
      await partial.close();
    }
  });
  return archive;
}

/** A user who may not read the database directory may not read the archive either. */
async function rightsOfArchive(
  databaseDirectory: string,
  { keyFile }: DatabaseFiles,
  parent: string,
): Promise<FileRights> {
  const { owner } = await rightsBelow(parent);
  const { modes } = await rightsOf(databaseDirectory, keyFile);
  return { owner, modes: limitByUmask(modes && { directory: modes.directory, file: readableMode(modes) | 0o600 }) };
}

function readableMode({ directory, file }: { directory: number; file: number }): number {
  const group = (directory & 0o010) === 0 ? 0 : 0o060;
  const others = (directory & 0o001) === 0 ? 0 : 0o006;
  return file & (0o600 | group | others);
}

async function requireClean(
  { databaseDirectory, transactionLogDirectory }: DumpOptions,
  generation: ReplayedGeneration,
): Promise<void> {
  if ((await statIfExists(transactionLogDirectory)) === undefined) return;
  if (!generation.findRecoveryStart(transactionLogDirectory).needed) return;
  throw new GraphkeepError(
    'store.needs-recovery',
    [
      'Active logical log detected, this might be a source of inconsistencies.',
      'Please recover database before running the dump.',
      'To perform recovery please start database and perform clean shutdown.',
    ],
    {
      hint: `Run graphkeep recover ${databaseDirectory}, or start and stop the database.`,
    },
  );
}
