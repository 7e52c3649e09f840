import type { ClientConfig } from '../neo4j-conf.ts';
import { settings } from '../settings.ts';
import type { SslPolicy } from './ssl-policy.ts';
import { loadSslPolicy, mustMakeKeyPair } from './ssl-policy-loading.ts';
import { readSslPolicySettings } from './ssl-policy-settings.ts';

/** The TLS policy for backups, if one is named; read and checked whole. `config` tells what is wrong with it. */
export async function loadBackupSslPolicy(config: ClientConfig): Promise<SslPolicy | undefined> {
  const name = config.get(settings.backupSslPolicy);
  return name === '' ? undefined : await loadSslPolicy(config, name);
}

/** True if {@link loadBackupSslPolicy} would make a key and a certificate. */
export async function isKeyPairToBeMade(config: ClientConfig): Promise<boolean> {
  const name = config.get(settings.backupSslPolicy);
  return name !== '' && (await mustMakeKeyPair(readSslPolicySettings(config, name)));
}
