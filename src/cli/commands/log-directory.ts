import { basename, dirname } from 'node:path';
import type { ClientConfig } from '../../config/neo4j-conf.ts';

/** Only the databases of this installation have their logs in the configured directory; a backup has them inside. */
export function logDirectoryOf(directory: string, config: ClientConfig): string {
  const isInstalled = dirname(directory) === config.databasesDirectory;
  return isInstalled ? config.transactionLogDirectory(basename(directory)) : directory;
}
