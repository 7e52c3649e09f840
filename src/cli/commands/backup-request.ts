import { resolve } from 'node:path';
import { readBackupName } from '../../backup/backup-name.ts';
import type { BackupOptions, RepositoryPlace } from '../../backup/backup-options.ts';
import { canonicalDirectory, requireDirectory } from '../../base/canonical-directory.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { completeAddress, DEFAULT_BACKUP_ADDRESS, parseAddress, parseFileAddress } from '../../config/addresses.ts';
import { completeChecks } from '../../config/check-settings.ts';
import { locateDatabase } from '../../config/database-location.ts';
import { parseDurationMs } from '../../config/durations.ts';
import { settings } from '../../config/settings.ts';
import { parseHeapBytes, parsePageCacheBytes } from '../../config/sizes.ts';
import { loadBackupSslPolicy } from '../../config/ssl-policy/backup-policy.ts';
import type { CommandContext } from '../command-context.ts';
import { backup } from '../command-table.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { UnexpectedValue } from '../unexpected-value.ts';
import { loadGivenConfig } from './config-loading.ts';

const PROTOCOLS = ['any', 'catchup', 'common'] as const;
/** Size of a page in the page cache, as the Java tool counts it. */
const PAGE_BYTES = 8224;
/** Memory besides the page cache if HEAP_SIZE is not set. */
const DEFAULT_MEMORY_BYTES = 120 * 1024 * 1024;
const DEFAULT_PAGE_CACHE = backup.options.find(({ name }) => name === 'pagecache')!.default;

/** The destination of a backup, as typed. */
export interface BackupPlace {
  backupDir: string;
  /** Set if it is not a directory: the other two are there for messages then. */
  repositories?: readonly RepositoryPlace[];
  /** Called once the directory is known to exist: the Java tool checks that first. @throws GraphkeepError `usage` */
  readName(): string;
}

const readTwoParts = (values: OptionValues): BackupPlace => ({
  backupDir: values.mandatory('backup-dir'),
  readName: () => values.mandatory('name'),
});

/**
 * Turns the user's arguments into a backup job, in the order in which the Java tool reads and refuses things (spec backup-command 1.3 rule
 * 8, 2, 2.3): values, configuration, page cache, directories.
 */
export async function requestBackup(
  values: OptionValues,
  context: CommandContext,
  readPlace: (values: OptionValues, context: CommandContext) => BackupPlace = readTwoParts,
): Promise<BackupOptions> {
  const path = parseFileAddress(values.optional('from')!);
  const from = path === undefined ? parseOption(values, 'from', parseAddress) : {};
  const place = readPlace(values, context);
  const backupDir = await canonicalDirectory(resolve(context.cwd, place.backupDir));
  const name = readBackupName(place.readName(), backupDir);
  const fallbackToFull = values.flag('fallback-to-full');
  const checkConsistency = values.flag('check-consistency');
  const timeoutMs = parseOption(values, 'timeout', parseDurationMs);
  const protocol = parseOption(values, 'protocol', readProtocol);
  const additionalFile = values.optional('additional-config');
  const reportDir = await canonicalDirectory(resolve(context.cwd, values.optional('cc-report-dir')!), 'later');
  const checks = readChecks(values);

  const given = await loadGivenConfig(context, additionalFile);
  const { config } = given;
  const pagecacheBytes = parseOption(values, 'pagecache', readPageCache);
  const memoryBudgetBytes = pagecacheBytes + readHeap(context.env.HEAP_SIZE);
  // Whatever the protocol, and before a server is contacted, as the Java tool does.
  const sslPolicy = await loadBackupSslPolicy(config);
  await requireDirectory(backupDir);
  await requireDirectory(reportDir);
  return {
    backupDir,
    name,
    ...(place.repositories === undefined ? {} : { repositories: place.repositories }),
    from:
      path === undefined
        ? completeAddress(from, config.get(settings.backupAddress), DEFAULT_BACKUP_ADDRESS)
        : await locateDatabase(resolve(context.cwd, path), given),
    protocol,
    sslPolicy,
    fallbackToFull,
    timeoutMs,
    memoryBudgetBytes,
    checkConsistency,
    reportDir,
    checks: completeChecks(checks, config),
    config,
  };
}

export function readProtocol(text: string): (typeof PROTOCOLS)[number] {
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

/** Memory of what has no --pagecache: pages as a backup has them by default, and HEAP_SIZE. */
export function readDefaultBudget({ env }: CommandContext): number {
  return parsePageCacheBytes(DEFAULT_PAGE_CACHE) + readHeap(env.HEAP_SIZE);
}

/** Memory besides the page cache. */
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
