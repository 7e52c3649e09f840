import { link, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeTree, statIfExists, syncDirectory, temporarySibling } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, systemCodeOf } from '../base/file-errors.ts';
import { findRecoveryStart } from '../log/recovery-start.ts';
import { withDatabaseLock } from '../store/database-lock.ts';
import { type ArchiveOptions, writeArchive } from './database-archive.ts';
import { listTransactionLogs } from './staged-database.ts';

export interface DumpOptions extends ArchiveOptions {
  databaseName: string;
  databaseDirectory: string;
  transactionLogDirectory: string;
  /** Absolute: a file that does not exist, or a directory, which then gets `<database>.dump`. */
  to: string;
}

/**
 * Dumps a database that no server uses into an archive (spec backup-command 7.3). Like the 3.5 tool it refuses a database that was not
 * shut down cleanly. The archive appears under its name when it is complete; an existing file is never replaced.
 * @returns the path of the archive
 */
export async function dumpDatabase(options: DumpOptions): Promise<string> {
  const { databaseName, databaseDirectory, transactionLogDirectory } = options;
  const archive = await archivePath(options);
  if ((await statIfExists(databaseDirectory))?.isDirectory() !== true) {
    throw new GraphkeepError('database.missing', `database does not exist: ${databaseName}`);
  }
  const forbidden = 'you do not have permission to dump the database -- is Neo4j running as a different user?';
  await withDatabaseLock(databaseDirectory, forbidden, async () => {
    await requireClean(transactionLogDirectory);
    if ((await statIfExists(archive)) !== undefined) throw archiveExists(archive);
    await atFile('open the directory', dirname(archive), () => stat(dirname(archive)));
    const logs =
      transactionLogDirectory === databaseDirectory ? [] : await listTransactionLogs(transactionLogDirectory);
    const temporary = temporarySibling(archive);
    try {
      const separate = logs.map((name) => ({ name, path: join(transactionLogDirectory, name) }));
      await writeArchive(temporary, databaseDirectory, separate, options);
      await publishWithoutReplacing(temporary, archive);
    } catch (error) {
      await removeTree(temporary);
      throw error;
    }
  });
  return archive;
}

async function archivePath({ to, databaseName }: DumpOptions): Promise<string> {
  return (await statIfExists(to))?.isDirectory() === true ? join(to, `${databaseName}.dump`) : to;
}

async function requireClean(transactionLogDirectory: string): Promise<void> {
  if ((await statIfExists(transactionLogDirectory)) === undefined) return;
  if (!findRecoveryStart(transactionLogDirectory).needed) return;
  throw new GraphkeepError('store.needs-recovery', [
    'Active logical log detected, this might be a source of inconsistencies.',
    'Please recover database before running the dump.',
    'To perform recovery please start database and perform clean shutdown.',
  ]);
}

/** A link, unlike a rename, fails if the name is taken meanwhile. Where the disk knows no links, the earlier look has to do. */
async function publishWithoutReplacing(temporary: string, archive: string): Promise<void> {
  await atFile('create the file', archive, async () => {
    try {
      await link(temporary, archive);
      await unlink(temporary);
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EEXIST') throw archiveExists(archive);
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      await rename(temporary, archive);
    }
  });
  await syncDirectory(dirname(archive));
}

function archiveExists(archive: string): GraphkeepError {
  return new GraphkeepError('archive.exists', `archive already exists: ${join(dirname(archive), basename(archive))}`);
}
