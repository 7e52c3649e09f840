import { resolve } from 'node:path';
import type { BackupEvent, BackupNote, BackupProtocol } from '../backup/backup-events.ts';
import { runBackup } from '../backup/backup-job.ts';
import { readBackupName } from '../backup/backup-name.ts';
import type { BackupOptions as JobOptions } from '../backup/backup-options.ts';
import type { FollowedEvent } from '../backup/follow/follow-events.ts';
import { FollowedBackup } from '../backup/follow/followed-backup.ts';
import { defaultFollowIntervalMs, followSource } from '../backup/follow/followed-source.ts';
import { canonicalDirectory, requireDirectory } from '../base/canonical-directory.ts';
import { GraphkeepError } from '../base/errors.ts';
import { completeAddress, DEFAULT_BACKUP_ADDRESS, parseAddress, parseFileAddress } from '../config/addresses.ts';
import { completeChecks } from '../config/check-settings.ts';
import { locateDatabase } from '../config/database-location.ts';
import { settings } from '../config/settings.ts';
import { loadBackupSslPolicy } from '../config/ssl-policy/backup-policy.ts';
import {
  type Cancellable,
  type Configuration,
  DEFAULT_MEMORY_BYTES,
  ignore,
  loadConfiguration,
  signalOf,
} from './configuration.ts';

export type { BackupEvent, BackupNote, BackupProtocol } from '../backup/backup-events.ts';
export type { FollowEvent, FollowedEvent, FollowState } from '../backup/follow/follow-events.ts';

const DEFAULT_TIMEOUT_MS = 20 * 60_000;

/** What a check looks at. */
export interface CheckParts {
  /** Records, tokens, counts, and whether indexes hold what the records say. Default true. */
  graph?: boolean;
  /** Schema indexes. Default true. */
  indexes?: boolean;
  /** The label scan store, which finds nodes by label. Default true. */
  labelScanStore?: boolean;
  /** Whether a property belongs to two nodes or relationships. Default false. */
  propertyOwners?: boolean;
}

/** How to make a backup. Relative paths begin at the working directory. */
export interface BackupOptions extends Cancellable {
  /** Directory that holds your backups. It must exist. */
  backupDir: string;
  /** Directory of this backup, below {@link backupDir}. The same name again makes an incremental backup. */
  name: string;
  /**
   * Server to back up, `host:port`; what is missing comes from `dbms.backup.address`, then `localhost:6362`. Or `file:<path>`: the home,
   * data directory or database of a server on this machine, which may be running.
   */
  from?: string;
  /** `common` for single and HA servers, `catchup` for causal clusters; `any` (default) tries both. */
  protocol?: 'any' | 'catchup' | 'common';
  /** Make a full backup if the old one cannot be continued; the old one is kept. Default true. */
  fallbackToFull?: boolean;
  /** Longest silence of the server, common protocol only, in milliseconds. Default 20 minutes. */
  timeoutMs?: number;
  /** Memory for changes and page buffers, in bytes. Default 128 MiB. */
  memoryBytes?: number;
  /** Check the new backup, all of it or some parts. Default true; parts left out follow `tools.consistency_checker.*`. */
  check?: boolean | CheckParts;
  /** Existing directory for the report of a check that finds something. Default: the working directory. */
  reportDir?: string;
  config?: Configuration;
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: BackupEvent) => void;
}

/** A backup that was made. */
export interface BackupResult {
  /** `unchanged`: an incremental for which the server had nothing new. */
  kind: 'full' | 'incremental' | 'unchanged';
  /** Where the backup is, absolute. */
  directory: string;
  /** `host:port` of the server. */
  server: string;
  /** The protocol that the server understood. */
  protocol: BackupProtocol;
  /** First transaction that this run added; equal to {@link lastTransaction} if it added none. */
  firstTransaction: number;
  /** The backup holds every transaction up to this one. */
  lastTransaction: number;
  /** Bytes of the files and transactions received. */
  bytes: number;
  /** Files received. */
  files: number;
  durationMs: number;
  /** The verdict of the check, if there was one: errors end the call, so there may only be warnings. */
  check?: { warnings: number };
  /** Set if a full backup replaced one that could not be continued: why, and where that one is now. */
  fallback?: { reason: string; movedTo: string };
  /** What you should know beside the result, in the order in which it happened. */
  notes: readonly BackupNote[];
}

/** What a followed backup has done when it was stopped. Files and bytes are those of all its backups. */
export interface FollowResult extends Omit<BackupResult, 'kind' | 'check' | 'fallback' | 'notes'> {
  kind: 'followed';
  /** Full backups: perhaps the first one, and each that replaced a backup. */
  fullBackups: number;
  /** Incremental backups that added something. */
  incrementalBackups: number;
}

/**
 * Backs up a running database: full the first time, incremental after that. The old backup stays as it is until the new one is complete
 * and on disk.
 *
 * @throws BackupFailed if no attempt succeeded, with the cause of each; its code is the one of the last
 * @throws GraphkeepError `usage`, `config`, `directory.missing`, `directory.in-use` before the first attempt; `check.inconsistent` or
 *   `check.failed` for a backup that was made, and stays; `cancelled`
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const signal = signalOf(options);
  return await runBackup(await prepare(options), options.onEvent ?? ignore, signal);
}

/** How to follow a database. */
export interface FollowOptions extends Omit<BackupOptions, 'onEvent'> {
  /** Ends it. */
  signal: AbortSignal;
  /**
   * The backup is never further behind than this while transactions come, unless one backup takes half as long. In milliseconds. Default: a
   * second for files, ten for a server.
   */
  intervalMs?: number;
  /** Called with everything that happens, in order. It must not throw. */
  onEvent?: (event: FollowedEvent) => void;
}

/**
 * Keeps a backup up to date until the signal aborts: one backup after the other, each complete. Only full ones are checked. When the server
 * is away, it goes on when it is back.
 *
 * @throws BackupFailed, GraphkeepError what the first backup throws, as {@link backup}; later only what needs somebody's help, such as a
 *   full disk
 */
export async function followBackup(options: FollowOptions): Promise<FollowResult> {
  const signal = signalOf(options);
  const prepared = await prepare(options);
  const intervalMs = options.intervalMs ?? defaultFollowIntervalMs(prepared);
  if (!(intervalMs > 0)) throw new GraphkeepError('usage', 'intervalMs must be more than 0');
  return await new FollowedBackup(followSource(prepared), intervalMs, options.onEvent ?? ignore).run(signal);
}

async function prepare(options: Omit<BackupOptions, 'onEvent'>): Promise<JobOptions> {
  const path = parseFileAddress(options.from ?? '');
  const from = options.from === undefined || path !== undefined ? DEFAULT_BACKUP_ADDRESS : parseAddress(options.from);
  const backupDir = await canonicalDirectory(resolve(options.backupDir));
  const name = readBackupName(options.name, backupDir);
  const reportDir = await canonicalDirectory(resolve(options.reportDir ?? '.'));
  const config = await loadConfiguration(options.config);
  const sslPolicy = await loadBackupSslPolicy(config);
  await requireDirectory(backupDir);
  await requireDirectory(reportDir);
  const { check = true } = options;
  const parts = typeof check === 'boolean' ? {} : check;
  return {
    backupDir,
    name,
    from:
      path === undefined
        ? completeAddress(from, config.get(settings.backupAddress), DEFAULT_BACKUP_ADDRESS)
        : await locateDatabase(resolve(path), { config, isNamed: options.config !== undefined }),
    protocol: options.protocol ?? 'any',
    sslPolicy,
    fallbackToFull: options.fallbackToFull ?? true,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    memoryBudgetBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    checkConsistency: check !== false,
    reportDir,
    checks: completeChecks(parts, config),
    config,
  };
}
