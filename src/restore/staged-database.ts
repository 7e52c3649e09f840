import { access, constants, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  copyFileDurably,
  lstatIfExists,
  makeDirectory,
  removeTree,
  renameDurably,
  replaceDurably,
  statIfExists,
  syncDirectory,
  syncFile,
} from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, forbiddenError } from '../base/file-errors.ts';
import {
  type FileRights,
  findForeignOwner,
  grantRights,
  limitByUmask,
  rightsBelow,
  rightsOf,
} from '../base/file-rights.ts';
import { findRenameObstacle, findUnremovable, resolveTarget } from '../base/replaceable-directory.ts';
import { findForeign, WorkDirectory } from '../base/work-directory.ts';
import type { DatabaseFiles } from '../generation/generation.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';
import type { RestoreNote } from './restore-notes.ts';
import { listTransactionLogs, requireOwnLogs } from './separate-logs.ts';

/*
 * A database that is assembled beside its final place and published in one step:
 *
 *   <databases>/<name>                      the old database, untouched until the new one is complete and durable
 *   <databases>/<name>.graphkeep-new/       owned by this user; anything else with this name is refused, not touched
 *     store/                                the new one; after the exchange the old one, until removed. Worthless after a crash
 *     old/                                  the old one, where the system cannot exchange two directories. The next run moves it
 *                                           back if a kill left nothing in its place; else it is worthless
 *
 * With a separate log directory (dbms.directories.tx_log) there are two places and no single step. The new logs wait in
 * <logs>/.graphkeep-new/logs. While the two places do not match, the log directory contains a marker: a file named like a log but without a
 * number, with which no server starts (spec transaction-logs 1).
 */

const STAGED_LOGS = '.graphkeep-new';
export const UNFINISHED_MARKER = `${LOG_FILE_PREFIX}unfinished-restore`;

export interface StagingOptions {
  databaseDirectory: string;
  transactionLogDirectory: string;
  /** Of both the new database and the one that it replaces. */
  files: DatabaseFiles;
  /** An existing database may be replaced. */
  force: boolean;
  /** Modes for a database that replaces none; undefined: accessible to its owner only. */
  modes?: FileRights['modes'];
}

export class StagedDatabase {
  /** Where the files of the new database go. */
  readonly path: string;
  private readonly target: string;
  private readonly options: StagingOptions;
  private readonly work: WorkDirectory;

  private constructor(target: string, options: StagingOptions, work: WorkDirectory) {
    this.target = target;
    this.options = options;
    this.work = work;
    this.path = work.at('store');
  }

  /**
   * Creates the empty staging directory and removes what a killed run has left. Detects anything that would prevent the exchange before any
   * work is done for it. The caller holds the lock of the database.
   *
   * @throws GraphkeepError `directory.forbidden` and `file.io` if the old database cannot be replaced or removed, `directory.foreign`,
   * `database.exists` for logs of another database
   */
  static async create(options: StagingOptions): Promise<StagedDatabase> {
    const target = await requireExchangeable(options);
    const work = await WorkDirectory.open(workOf(target), WORK_PARTS);
    const staged = new StagedDatabase(target, options, work);
    await staged.bringBackOld();
    for (const part of WORK_PARTS) await work.remove(part);
    await work.part('store');
    return staged;
  }

  private async bringBackOld(): Promise<void> {
    if (!(await this.work.has('old')) || (await lstatIfExists(this.target)) !== undefined) return;
    await renameDurably(this.work.at('old'), this.target);
    if (this.options.force) return;
    await this.work.discard();
    throw new GraphkeepError('database.exists', 'an interrupted run had moved the database aside; it is back', {
      place: { file: this.target },
    });
  }

  /** Removes the staging directory; the old database stays. */
  async discard(): Promise<void> {
    await this.work.discard();
  }

  /**
   * Puts the new database in the place of the old one. All its files must be flushed already. Cannot be interrupted: it takes a few
   * renames, after copying the logs if they have a separate directory.
   *
   * @returns what the user should know; nothing fails after the exchange
   */
  async publish(): Promise<RestoreNote[]> {
    const rights = await this.rightsOfNew();
    await grantRights(this.path, rights);
    const logs = separateLogs(this.options);
    if (logs === undefined) {
      await this.exchange();
    } else {
      const staging = await this.stageLogs(logs, rights);
      await placeMarker(logs);
      await this.exchange();
      await replaceLogs(logs, staging);
      await removeTree(join(logs, UNFINISHED_MARKER));
    }
    const foreign = await findForeignOwner(this.target, rights);
    const left = await this.removeOld();
    return [
      ...(foreign === undefined ? [] : [{ kind: 'foreign-owner' as const, ...foreign }]),
      ...(left === undefined ? [] : [left]),
    ];
  }

  /** The rights of the replaced database; without one, those of the parent directory's owner. */
  private async rightsOfNew(): Promise<FileRights> {
    if ((await statIfExists(this.target))?.isDirectory() === true)
      return await rightsOf(this.target, this.options.files.keyFile);
    return { ...(await rightsBelow(dirname(this.target))), modes: limitByUmask(this.options.modes) };
  }

  private async exchange(): Promise<void> {
    if ((await statIfExists(this.target)) === undefined) await renameDurably(this.path, this.target);
    else await replaceDurably(this.path, this.target, this.work.at('old'));
  }

  private async removeOld(): Promise<RestoreNote | undefined> {
    try {
      await this.work.discard();
      return undefined;
    } catch (error) {
      return { kind: 'old-database-left', path: this.work.path, error };
    }
  }

  /** Moves the logs of the new database to their final disk. */
  private async stageLogs(directory: string, { modes }: FileRights): Promise<WorkDirectory> {
    await makeDirectory(directory);
    const rights: FileRights = { ...(await rightsBelow(directory)), modes };
    const staging = await WorkDirectory.open(join(directory, STAGED_LOGS), ['logs']);
    await staging.remove('logs');
    const logs = await staging.part('logs');
    for (const name of await listTransactionLogs(this.path)) {
      await copyFileDurably(join(this.path, name), join(logs, name));
      await grantRights(join(logs, name), rights);
      await removeTree(join(this.path, name));
    }
    await syncDirectory(logs);
    return staging;
  }
}

const WORK_PARTS = ['store', 'old'];
const workOf = (target: string) => `${target}.graphkeep-new`;

/**
 * Detects what would prevent a new database from taking the place of an old one, and changes nothing. The directory of the databases is
 * there.
 * @returns where the database really is
 * @throws GraphkeepError `directory.forbidden`, `directory.missing`, `file.io`, `database.exists` for logs of another database
 */
async function requireExchangeable(options: Pick<StagingOptions, 'databaseDirectory' | 'transactionLogDirectory'>) {
  const target = await resolveTarget(options.databaseDirectory);
  await requireReplaceable(target);
  const logs = separateLogs(options);
  if (logs !== undefined) {
    await requireWritable(logs, 'this user may not change the directory of the transaction logs');
    await requireOwnLogs(target, logs);
  }
  return target;
}

/** The same for a preview, which also looks for something else in the place of the work directory. */
export async function previewExchange(
  options: Pick<StagingOptions, 'databaseDirectory' | 'transactionLogDirectory'>,
): Promise<void> {
  const work = workOf(await requireExchangeable(options));
  const reason = await findForeign(work, WORK_PARTS);
  if (reason === undefined) return;
  throw new GraphkeepError('directory.foreign', `${basename(work)} is in the way: ${reason}`, {
    place: { file: work },
  });
}

function separateLogs({
  databaseDirectory,
  transactionLogDirectory,
}: Pick<StagingOptions, 'databaseDirectory' | 'transactionLogDirectory'>): string | undefined {
  return transactionLogDirectory === databaseDirectory ? undefined : transactionLogDirectory;
}

/** The old database is removed completely, or nothing happens. */
async function requireReplaceable(target: string): Promise<void> {
  const obstacle = await findRenameObstacle(target);
  if (obstacle?.endsWith('is a mount point') === true) {
    throw new GraphkeepError('file.io', `${obstacle} and cannot be replaced`, {
      place: { file: target },
      hint: 'Mount the directory of all databases instead, or give the database a directory of its own on that disk and link to it.',
    });
  }
  // The user may own the database but not the directory, or the disk may be read-only: the hint depends on the cause.
  await requireWritable(dirname(target), 'this user may not change the directory of the databases');
  if (obstacle !== undefined) throw new GraphkeepError('directory.forbidden', obstacle, { place: { file: target } });
  const unremovable = await findUnremovable(target);
  if (unremovable === undefined) return;
  throw new GraphkeepError('directory.forbidden', 'this user may not remove the old database', {
    place: { file: unremovable },
  });
}

async function requireWritable(directory: string, message: string): Promise<void> {
  if ((await statIfExists(directory)) === undefined) return;
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw forbiddenError(error, message, directory);
  }
}

/** Avoids a temporary file, which a kill would leave there for good. A marker left by an interrupted run is fine. */
async function placeMarker(directory: string): Promise<void> {
  const marker = join(directory, UNFINISHED_MARKER);
  if ((await lstatIfExists(marker)) === undefined) {
    await atFile('create the file', marker, async () => await (await open(marker, 'wx')).close());
  }
  await syncDirectory(directory);
}

/** Replaces the old logs by the new ones; other files in the directory are not ours. */
async function replaceLogs(directory: string, staging: WorkDirectory): Promise<void> {
  for (const name of await listTransactionLogs(directory)) {
    if (name !== UNFINISHED_MARKER) await removeTree(join(directory, name));
  }
  for (const name of await listTransactionLogs(staging.at('logs'))) {
    const from = join(staging.at('logs'), name);
    await atFile('move the file', from, () => rename(from, join(directory, name)));
    await syncFile(join(directory, name));
  }
  await staging.discard();
  await syncDirectory(directory);
}
