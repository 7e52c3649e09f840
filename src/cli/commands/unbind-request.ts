import { settings } from '../../config/settings.ts';
import type { UnbindOptions } from '../../restore/cluster-state.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';
import { readDatabaseName } from './database-name.ts';

/** Turns the user's arguments into an unbind. */
export async function requestUnbind(values: OptionValues, context: CommandContext): Promise<UnbindOptions> {
  const databaseName = readDatabaseName(values);
  const config = await loadConfig(context);
  return {
    dataDirectory: config.directory(settings.dataDirectory) ?? config.home,
    databaseDirectory: config.databaseDirectory(databaseName),
  };
}
