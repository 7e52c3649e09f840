import { readdir, realpath, rename, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  copyFileDurably,
  exchangeDurably,
  makeDirectory,
  removeTree,
  renameDurably,
  statIfExists,
  syncDirectory,
  syncFile,
  writeFileDurably,
} from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';

/*
 * A database that is put together beside the place where it will live, and published in one step:
 *
 *   <databases>/<name>                the old database, untouched until the new one is complete and durable
 *   <databases>/<name>.graphkeep-new  the new one; after the exchange the old one, until it is removed. Worthless after a crash
 *
 * With a log directory of its own (dbms.directories.tx_log) there are two places and no single step. Then the new logs wait in
 * <logs>/.graphkeep-new, and while the places do not fit together a marker stands among the logs: a file with the name of a log but
 * no number, with which no server starts (transaction-logs spec 1).
 */

const STAGED_LOGS = '.graphkeep-new';
export const UNFINISHED_MARKER = `${LOG_FILE_PREFIX}unfinished-restore`;

export class StagedDatabase {
  /** Where the files of the new database go. */
  readonly path: string;
  private readonly target: string;

  private constructor(target: string) {
    this.target = target;
    this.path = `${target}.graphkeep-new`;
  }

  /** Makes the empty staging directory; removes what a killed run has left. The caller holds the lock of the database. */
  static async create(databaseDirectory: string): Promise<StagedDatabase> {
    const target = await resolveTarget(databaseDirectory);
    const staged = new StagedDatabase(target);
    await removeTree(staged.path);
    await makeDirectory(staged.path);
    return staged;
  }

  /** Removes the staging directory; the old database stays. */
  async discard(): Promise<void> {
    await removeTree(this.path);
  }

  /**
   * Puts the new database in the place of the old one. All its files are flushed already. Not to be interrupted: takes a few renames,
   * and before them a copy of the logs if these have a directory of their own.
   */
  async publish(transactionLogDirectory: string | undefined): Promise<void> {
    if (transactionLogDirectory === undefined) {
      await this.exchange();
    } else {
      const staging = await this.stageLogs(transactionLogDirectory);
      await writeFileDurably(join(transactionLogDirectory, UNFINISHED_MARKER), '');
      await this.exchange();
      await replaceLogs(transactionLogDirectory, staging);
      await removeTree(join(transactionLogDirectory, UNFINISHED_MARKER));
    }
    await removeTree(this.path);
  }

  private async exchange(): Promise<void> {
    if ((await statIfExists(this.target)) === undefined) await renameDurably(this.path, this.target);
    else await exchangeDurably(this.path, this.target);
  }

  /** Moves the logs of the new database to the disk where they will live. */
  private async stageLogs(directory: string): Promise<string> {
    const staging = join(directory, STAGED_LOGS);
    await removeTree(staging);
    await makeDirectory(staging);
    for (const name of await listTransactionLogs(this.path)) {
      await copyFileDurably(join(this.path, name), join(staging, name));
      await removeTree(join(this.path, name));
    }
    await syncDirectory(staging);
    return staging;
  }
}

/** The transaction logs in a directory; none if it does not exist. */
export async function listTransactionLogs(directory: string): Promise<string[]> {
  if ((await statIfExists(directory))?.isDirectory() !== true) return [];
  const names = await atFile('read the directory', directory, () => readdir(directory));
  return names.filter((name) => name.startsWith(LOG_FILE_PREFIX)).sort();
}

/** Old logs go, new ones come; other files in the directory are not ours. */
async function replaceLogs(directory: string, staging: string): Promise<void> {
  for (const name of await listTransactionLogs(directory)) {
    if (name !== UNFINISHED_MARKER) await removeTree(join(directory, name));
  }
  for (const name of await listTransactionLogs(staging)) {
    await atFile('move the file', join(staging, name), () => rename(join(staging, name), join(directory, name)));
    await syncFile(join(directory, name));
  }
  await atFile('remove the directory', staging, () => rmdir(staging));
  await syncDirectory(directory);
}

/** The database directory itself where its name is a link: the new database must land on the same disk. */
async function resolveTarget(databaseDirectory: string): Promise<string> {
  const info = await statIfExists(databaseDirectory);
  if (info === undefined) return databaseDirectory;
  const real = await atFile('open the directory', databaseDirectory, () => realpath(databaseDirectory));
  const parent = await atFile('open the directory', dirname(real), () => stat(dirname(real)));
  if (parent.dev !== info.dev) {
    throw new GraphkeepError('file.io', `the directory ${basename(real)} is a mount point and cannot be replaced`, {
      place: { file: real },
      hint: 'Mount the directory of all databases instead, or give the database a directory of its own on that disk and link to it.',
    });
  }
  return real;
}
