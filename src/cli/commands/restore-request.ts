import { resolve } from 'node:path';
import type { RestoreOptions } from '../../restore/database-restore.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';
import { readDatabaseName } from './database-name.ts';

/** Turns the user's arguments into a restore. */
export async function requestRestore(values: OptionValues, context: CommandContext): Promise<RestoreOptions> {
  const databaseName = readDatabaseName(values);
  const typedFrom = values.mandatory('from');
  const force = values.flag('force');
  const config = await loadConfig(context);
  return {
    typedFrom,
    from: resolve(context.cwd, typedFrom),
    databaseName,
    databaseDirectory: config.databaseDirectory(databaseName),
    transactionLogDirectory: config.transactionLogDirectory(databaseName),
    force,
    signal: context.signal,
  };
}
