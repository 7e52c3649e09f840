import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { BackupOptions } from '../../backup/backup-options.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError, fileError, isMissing, missingDirectory, systemCodeOf } from '../../base/file-errors.ts';
import { completeAddress, parseAddress } from '../../config/addresses.ts';
import { parseDurationMs } from '../../config/durations.ts';
import { settings } from '../../config/settings.ts';
import { parseHeapBytes, parsePageCacheBytes } from '../../config/sizes.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { UnexpectedValue } from '../unexpected-value.ts';
import { loadConfig } from './config-loading.ts';
import { refuseReservedName } from './database-name.ts';
import { loadBackupSslPolicy } from './policy-loading.ts';

/** For what neither --from nor dbms.backup.address says. */
const DEFAULT_ADDRESS = { host: '127.0.0.1', port: 6362 };
const PROTOCOLS = ['any', 'catchup', 'common'] as const;
/** Pages of a page cache, with the bytes the Java tool counts for each. */
const PAGE_BYTES = 8224;
/** Memory beside the page cache when HEAP_SIZE says nothing. */
const DEFAULT_MEMORY_BYTES = 120 * 1024 * 1024;

/**
 * Makes a backup job of what the user typed, in the order in which the Java tool reads and refuses things (spec backup-command 1.3
 * rule 8, 2, 2.3): values, configuration, page cache, directories.
 */
export async function requestBackup(values: OptionValues, context: CommandContext): Promise<BackupOptions> {
  const from = parseOption(values, 'from', parseAddress);
  const backupDir = await canonicalDirectory(values.mandatory('backup-dir'), context.cwd);
  const name = readName(values.mandatory('name'), backupDir);
  const fallbackToFull = values.flag('fallback-to-full');
  const checkConsistency = values.flag('check-consistency');
  const timeoutMs = parseOption(values, 'timeout', parseDurationMs);
  const protocol = parseOption(values, 'protocol', readProtocol);
  const additionalFile = values.optional('additional-config');
  const reportDir = await canonicalDirectory(values.optional('cc-report-dir')!, context.cwd, 'later');
  const given = readChecks(values);

  const config = await loadConfig(context, additionalFile);
  const pagecacheBytes = parseOption(values, 'pagecache', readPageCache);
  const memoryBudgetBytes = pagecacheBytes + readHeap(context.env.HEAP_SIZE);
  // Whatever the protocol, and before anything is asked of a server, as the Java tool does.
  const sslPolicy = await loadBackupSslPolicy(config);
  await requireDirectory(backupDir);
  await requireDirectory(reportDir);
  return {
    backupDir,
    name,
    from: completeAddress(from, config.get(settings.backupAddress), DEFAULT_ADDRESS),
    protocol,
    sslPolicy,
    fallbackToFull,
    timeoutMs,
    memoryBudgetBytes,
    checkConsistency,
    reportDir,
    checks: {
      graph: given.graph ?? config.get(settings.checkGraph),
      indexes: given.indexes ?? config.get(settings.checkIndexes),
      labelScanStore: given.labelScanStore ?? config.get(settings.checkLabelScanStore),
      propertyOwners: given.propertyOwners ?? config.get(settings.checkPropertyOwners),
    },
    config,
  };
}

/**
 * The name may hold directories, but the target stays below the backup directory. Completion of a shell leaves a slash at the end, which is
 * no part of the name.
 */
function readName(name: string, backupDir: string): string {
  const path = relative(backupDir, resolve(backupDir, name));
  if (
    name.includes('\0') ||
    isAbsolute(name) ||
    path === '' ||
    path === '..' ||
    path.startsWith(`..${sep}`) ||
    isAbsolute(path)
  ) {
    throw new GraphkeepError(
      'usage',
      `'name' must stay within the backup directory but leads to ${join(resolve(backupDir, name))}`,
    );
  }
  refuseReservedName('name', path);
  return path;
}

function readProtocol(text: string): (typeof PROTOCOLS)[number] {
  const protocol = PROTOCOLS.find((candidate) => candidate === text);
  if (protocol === undefined) {
    throw new UnexpectedValue(`must be one of ${PROTOCOLS.join(', ')}, not '${text}'`, `Failed to parse \`${text}\``);
  }
  return protocol;
}

function readChecks(values: OptionValues) {
  return {
    graph: values.givenFlag('cc-graph'),
    indexes: values.givenFlag('cc-indexes'),
    labelScanStore: values.givenFlag('cc-label-scan-store'),
    propertyOwners: values.givenFlag('cc-property-owners'),
  };
}

function readHeap(heapSize: string | undefined): number {
  return heapSize ? parseHeapBytes(heapSize) : DEFAULT_MEMORY_BYTES;
}

function readPageCache(pagecache: string): number {
  let pagecacheBytes: number;
  try {
    pagecacheBytes = parsePageCacheBytes(pagecache);
  } catch (error) {
    const { message, original } = asGraphkeepError(error);
    throw new UnexpectedValue(message, original);
  }
  const pages = Math.floor(pagecacheBytes / PAGE_BYTES);
  if (pages < 2) {
    throw new UnexpectedValue(
      `Page cache must have at least 2 pages (${2 * PAGE_BYTES} bytes of memory), but was given ${pages} pages.`,
    );
  }
  return pagecacheBytes;
}

/** The real path. `later`: one that does not exist is refused by {@link requireDirectory}, after the configuration was read. */
async function canonicalDirectory(path: string, cwd: string, missing: 'refuse' | 'later' = 'refuse'): Promise<string> {
  const absolute = resolve(cwd, path);
  try {
    return await realpath(absolute);
  } catch (error) {
    if (!isMissing(error) && systemCodeOf(error) !== 'ENOTDIR') throw fileError(error, 'open the directory', absolute);
    if (missing === 'later') return absolute;
    throw missingDirectory(absolute);
  }
}

async function requireDirectory(path: string): Promise<void> {
  if ((await statIfExists(path))?.isDirectory() !== true) throw missingDirectory(path);
}
