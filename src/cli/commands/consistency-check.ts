import { resolve } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { WantedParts } from '../../check/findings/check-context.ts';
import { completeChecks } from '../../config/check-settings.ts';
import { parseHeapBytes } from '../../config/sizes.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';
import { readDatabaseName } from './database-name.ts';

export interface CheckRequest {
  /** The store to check. */
  directory: string;
  parts: WantedParts;
  verbose: boolean;
  reportDirectory: string;
  /** Memory for what grows with the store: `HEAP_SIZE`; undefined = default. */
  budgetBytes?: number;
}

function readBudget({ env }: CommandContext): { budgetBytes?: number } {
  return env.HEAP_SIZE ? { budgetBytes: parseHeapBytes(env.HEAP_SIZE) } : {};
}

/** Reads the user's arguments of `neo4j-admin check-consistency` (spec backup-command 7.2, spec consistency-check 1). */
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
  const { labelScanStore, ...others } = completeChecks(
    {
      graph: values.givenFlag('check-graph'),
      indexes: values.givenFlag('check-indexes'),
      labelScanStore: values.givenFlag('check-label-scan-store'),
      propertyOwners: values.givenFlag('check-property-owners'),
    },
    config,
  );
  const parts = { ...others, labelScan: labelScanStore };
  return { directory, parts, verbose, reportDirectory, ...readBudget(context) };
}

/** Reads the user's arguments of `graphkeep check`. */
export function requestNativeCheck(values: OptionValues, directory: string, context: CommandContext): CheckRequest {
  return {
    directory: resolve(context.cwd, directory),
    parts: {
      graph: values.flag('graph'),
      indexes: values.flag('indexes'),
      labelScan: values.flag('label-scan-store'),
      propertyOwners: values.flag('property-owners'),
    },
    verbose: values.flag('verbose'),
    reportDirectory: resolve(context.cwd, values.optional('report-dir')!),
    ...readBudget(context),
  };
}
