import { resolve } from 'node:path';
import type { DumpOptions } from '../../restore/database-dump.ts';
import type { LoadOptions } from '../../restore/database-load.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';
import { readDatabaseName } from './database-name.ts';

/** Turns the user's arguments into a dump. */
export async function requestDump(values: OptionValues, context: CommandContext): Promise<DumpOptions> {
  const databaseName = readDatabaseName(values);
  const to = resolve(context.cwd, values.mandatory('to'));
  return { ...(await locateDatabase(databaseName, context)), to };
}

/** Turns the user's arguments into a load. */
export async function requestLoad(values: OptionValues, context: CommandContext): Promise<LoadOptions> {
  const from = resolve(context.cwd, values.mandatory('from'));
  const databaseName = readDatabaseName(values);
  const force = values.flag('force');
  return { ...(await locateDatabase(databaseName, context)), from, force };
}

async function locateDatabase(databaseName: string, context: CommandContext) {
  const config = await loadConfig(context);
  return {
    databaseName,
    databaseDirectory: config.databaseDirectory(databaseName),
    transactionLogDirectory: config.transactionLogDirectory(databaseName),
    signal: context.signal,
  };
}
