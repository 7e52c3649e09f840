import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { loadSslPolicy } from '../../config/ssl-policy/ssl-policy-loading.ts';

/** The TLS policy for backups, if one is named; read and checked whole. `config` tells what is wrong with it. */
export async function loadBackupSslPolicy(config: ClientConfig): Promise<SslPolicy | undefined> {
  const name = config.get(settings.backupSslPolicy);
  return name === '' ? undefined : await loadSslPolicy(config, name);
}
