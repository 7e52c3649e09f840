import { resolve } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { readDatabaseName } from './database-name.ts';
import { loadConfig } from './load-config.ts';

/*
 * The consistency check is not made yet. Whoever makes it replaces `checkStore` below, and the note after a backup
 * (`noteUncheckedBackup`).
 */

export interface CheckRequest {
  /** The store to check. */
  directory: string;
  /** `--backup` was given: it is no database of this server. */
  isBackup: boolean;
  verbose: boolean;
  reportDirectory: string;
}

/** Reads what the user typed (spec backup-command 7.2). */
export async function requestCheck(values: OptionValues, context: CommandContext): Promise<CheckRequest> {
  const backup = values.optional('backup');
  if (backup !== undefined && values.isGiven('database')) {
    throw new GraphkeepError('usage', "Only one of '--database' and '--backup' can be specified.");
  }
  const databaseName = readDatabaseName(values);
  const verbose = values.flag('verbose');
  const reportDirectory = resolve(context.cwd, values.optional('report-dir')!);
  const config = await loadConfig(context, values.optional('additional-config'));
  const directory = backup === undefined ? config.databaseDirectory(databaseName) : resolve(context.cwd, backup);
  if (backup !== undefined && (await statIfExists(directory))?.isDirectory() !== true) {
    throw new GraphkeepError('directory.missing', `Specified backup should be a directory: ${directory}`);
  }
  return { directory, isBackup: backup !== undefined, verbose, reportDirectory };
}

/** @returns the exit code */
export async function checkStore(_request: CheckRequest): Promise<number> {
  throw new GraphkeepError('check.unavailable', 'The consistency check is not available in this version of graphkeep.');
}

/** After a backup with `--check-consistency=true`. */
export function noteUncheckedBackup(note: (text: string) => void): void {
  note('The consistency check is not available in this version of graphkeep; the backup was not checked.');
}
