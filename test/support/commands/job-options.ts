import type { BackupOptions } from '../../../src/backup/backup-options.ts';
import { ClientConfig } from '../../../src/config/neo4j-conf.ts';

/** Options for a job against a test server: the defaults of the command line with short times, and no consistency check. */
export function jobOptions(backupDir: string, from: BackupOptions['from'], changed: Partial<BackupOptions> = {}) {
  return {
    backupDir,
    name: 'db',
    from,
    protocol: 'common',
    fallbackToFull: true,
    timeoutMs: 10_000,
    memoryBudgetBytes: 32 * 1024 * 1024,
    checkConsistency: false,
    reportDir: backupDir,
    checks: { graph: true, indexes: true, labelScanStore: true, propertyOwners: false },
    config: new ClientConfig(backupDir),
    ...changed,
  } satisfies BackupOptions;
}
