import { resolve } from 'node:path';
import { completeAddress, DEFAULT_BACKUP_ADDRESS, parseAddress, parseFileAddress } from '../config/addresses.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import { settings } from '../config/settings.ts';
import { type Diagnosis, examineBackups } from '../doctor/doctor.ts';
import type { BackupOptions } from './backup.ts';
import { type Cancellable, DEFAULT_MEMORY_BYTES, loadConfiguration, signalOf } from './configuration.ts';

export type { Diagnosis } from '../doctor/doctor.ts';
export type { DoctorCheck } from '../doctor/findings/doctor-checks.ts';
export type { DoctorFinding, DoctorLevel } from '../doctor/findings/finding.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** What to look at: give it the options of {@link backup}. Relative paths begin at the working directory. */
export interface DoctorOptions
  extends Cancellable,
    Pick<BackupOptions, 'from' | 'protocol' | 'memoryBytes' | 'config'>,
    Partial<Pick<BackupOptions, 'backupDir' | 'name'>> {
  /** Longest wait for each answer of a server, in milliseconds. Default 30 seconds. */
  timeoutMs?: number;
}

/**
 * Predicts whether backups will succeed, and says what to do if not. Changes nothing and takes no lock. Without `from` only the place of a
 * backup is looked at; without `backupDir` and `name` only the source.
 *
 * @throws GraphkeepError `usage`, `config`, `cancelled`; everything else is a finding
 */
export async function doctor(options: DoctorOptions): Promise<Diagnosis> {
  const signal = signalOf(options);
  const config = await loadConfiguration(options.config);
  const { backupDir, name } = options;
  const hasPlace = backupDir !== undefined && name !== undefined;
  return await examineBackups(
    {
      from: readSource(options.from, config),
      database: undefined,
      to: hasPlace ? { backupDir: resolve(backupDir), name } : undefined,
      repositories: [],
      protocol: options.protocol ?? 'any',
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      bytesPerSecond: undefined,
      memoryBudgetBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
      config,
      isNamed: options.config !== undefined,
      configFile: options.config?.confDirectory,
      additionalConfig: undefined,
    },
    signal,
    Date.now(),
  );
}

function readSource(from: string | undefined, config: ClientConfig) {
  if (from === undefined) return undefined;
  const path = parseFileAddress(from);
  if (path !== undefined) return { path: resolve(path) };
  return completeAddress(parseAddress(from), config.get(settings.backupAddress), DEFAULT_BACKUP_ADDRESS);
}
