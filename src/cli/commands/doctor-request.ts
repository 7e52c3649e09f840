import { join, resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { completeAddress, DEFAULT_BACKUP_ADDRESS, parseAddress, parseFileAddress } from '../../config/addresses.ts';
import { parseDurationMs } from '../../config/durations.ts';
import { settings } from '../../config/settings.ts';
import { parsePageCacheBytes } from '../../config/sizes.ts';
import type { DoctorOptions } from '../../doctor/doctor-options.ts';
import type { TypedTarget } from '../../doctor/target/target-view.ts';
import type { CommandContext } from '../command-context.ts';
import { backup } from '../command-table.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { type BackupPlace, readHeap, readProtocol } from './backup-request.ts';
import { loadConfig } from './config-loading.ts';

/** The page cache that a backup has if nothing else is said. */
const PAGE_CACHE = backup.options.find(({ name }) => name === 'pagecache')!.default;

/** @throws GraphkeepError `usage`, `config` for a bad HEAP_SIZE */
export async function requestDoctor(
  values: OptionValues,
  context: CommandContext,
  bytesPerSecond: number | undefined,
  place: BackupPlace | undefined,
): Promise<DoctorOptions> {
  const typed = values.optional('from');
  const path = parseFileAddress(typed ?? '');
  const address = path === undefined && typed !== undefined ? parseOption(values, 'from', parseAddress) : {};
  const protocol = parseOption(values, 'protocol', readProtocol);
  const timeoutMs = parseOption(values, 'timeout', parseDurationMs);
  const memoryBudgetBytes = parsePageCacheBytes(PAGE_CACHE) + readHeap(context.env.HEAP_SIZE);
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
        : typed === undefined && place !== undefined
          ? undefined
          : server(),
    to: place && typedTarget(place, context),
    protocol,
    timeoutMs,
    bytesPerSecond,
    memoryBudgetBytes,
    config,
    isNamed,
    configFile: isNamed ? (additionalFile ?? join(confDirectory!, 'neo4j.conf')) : undefined,
  };
}

function typedTarget({ backupDir, readName }: BackupPlace, { cwd }: CommandContext): TypedTarget {
  return { backupDir: resolve(cwd, backupDir), name: readName() };
}
