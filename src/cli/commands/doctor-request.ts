import { join, resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { completeAddress, DEFAULT_BACKUP_ADDRESS, parseAddress, parseFileAddress } from '../../config/addresses.ts';
import { parseDurationMs } from '../../config/durations.ts';
import { settings } from '../../config/settings.ts';
import type { DoctorOptions, TypedRepository } from '../../doctor/doctor-options.ts';
import type { TypedTarget } from '../../doctor/target/target-view.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { type BackupPlace, readDefaultBudget, readProtocol } from './backup-request.ts';
import { loadConfig } from './config-loading.ts';

/** Where the backups go: a directory, repositories, or neither. */
export interface DoctorPlaces {
  readonly directory: BackupPlace | undefined;
  readonly repositories: readonly TypedRepository[];
}

/** @throws GraphkeepError `usage`, `config` for a bad HEAP_SIZE */
export async function requestDoctor(
  values: OptionValues,
  context: CommandContext,
  bytesPerSecond: number | undefined,
  { directory, repositories }: DoctorPlaces,
): Promise<DoctorOptions> {
  const typed = values.optional('from');
  const path = parseFileAddress(typed ?? '');
  const address = path === undefined && typed !== undefined ? parseOption(values, 'from', parseAddress) : {};
  const protocol = parseOption(values, 'protocol', readProtocol);
  const timeoutMs = parseOption(values, 'timeout', parseDurationMs);
  const memoryBudgetBytes = readDefaultBudget(context);
  const additionalFile = values.optional('additional-config');
  // What is wrong with it is a finding.
  const config = await loadConfig(context, additionalFile).catch((error: unknown) => asGraphkeepError(error));
  const configured = config instanceof GraphkeepError ? {} : config.get(settings.backupAddress);
  const server = () => completeAddress(address, configured, DEFAULT_BACKUP_ADDRESS);
  const { NEO4J_CONF: confDirectory } = context.env;
  const isNamed = Boolean(confDirectory) || additionalFile !== undefined;
  return {
    from:
      path !== undefined
        ? { path: resolve(context.cwd, path) }
        : typed === undefined && (directory !== undefined || repositories.length > 0)
          ? undefined
          : server(),
    database: values.optional('database'),
    to: directory && typedTarget(directory, context),
    repositories,
    protocol,
    timeoutMs,
    bytesPerSecond,
    memoryBudgetBytes,
    config,
    isNamed,
    additionalConfig: additionalFile && resolve(context.cwd, additionalFile),
    configFile: isNamed ? (additionalFile ?? join(confDirectory!, 'neo4j.conf')) : undefined,
  };
}

function typedTarget({ backupDir, readName }: BackupPlace, { cwd }: CommandContext): TypedTarget {
  return { backupDir: resolve(cwd, backupDir), name: readName() };
}
