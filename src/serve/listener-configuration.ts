import { GraphkeepError } from '../base/errors.ts';
import { DEFAULT_BACKUP_ADDRESS, type TypedAddress } from '../config/addresses.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import { settings } from '../config/settings.ts';
import { loadBackupSslPolicy } from '../config/ssl-policy/backup-policy.ts';
import { readCompressionNames } from '../protocol/catchup/modifiers.ts';
import type { ListenAddress, ListenerOptions } from './conversation/listener-options.ts';

/** For what neither `--listen` nor `dbms.backup.address` says (spec common-protocol 2). */
const DEFAULT_LISTEN = { ...DEFAULT_BACKUP_ADDRESS, lastPort: 6372 };

/**
 * The options of a listener from a configuration. What is left out of `typed` comes from `dbms.backup.address`.
 * @throws GraphkeepError `config` if backups are switched off or the TLS policy is not usable; `usage` for a bad range of ports
 */
export async function configureListener(
  config: ClientConfig,
  typed: TypedAddress,
): Promise<Required<Omit<ListenerOptions, 'onEvent'>>> {
  refuseIfDisabled(config);
  return {
    listen: chooseAddress(typed, config.get(settings.backupAddress)),
    limits: {
      maxConnections: config.get(settings.serveMaxConnections),
      maxPerPeer: config.get(settings.serveMaxPerPeer),
      requestTimeoutMs: config.get(settings.serveRequestTimeoutMs),
      idleTimeoutMs: config.get(settings.serveIdleTimeoutMs),
      stallTimeoutMs: config.get(settings.serveStallTimeoutMs),
      maxHoldMs: config.get(settings.serveMaxHoldMs),
      stopGraceMs: config.get(settings.serveStopGraceMs),
    },
    sslPolicy: await loadBackupSslPolicy(config),
    compression: readCompressionNames(config.get(settings.compressions)),
  };
}

/** Typed ports replace the configured range as a whole. */
export function chooseAddress(typed: TypedAddress, configured: TypedAddress): ListenAddress {
  const host = (typed.host ?? configured.host ?? DEFAULT_LISTEN.host).replace(/[[\]]/g, '');
  const { port, lastPort } = [typed, configured, DEFAULT_LISTEN].find((address) => address.port !== undefined)!;
  if (lastPort !== undefined && lastPort < port!) {
    throw new GraphkeepError('usage', 'the range of ports ends before it begins', { observed: `${port}-${lastPort}` });
  }
  return { host, port: port!, ...(lastPort === undefined ? {} : { lastPort }) };
}

function refuseIfDisabled(config: ClientConfig): void {
  if (!config.get(settings.backupEnabled)) {
    throw new GraphkeepError('config', 'backups are switched off: dbms.backup.enabled is false', {
      observed: 'dbms.backup.enabled=false',
      hint: 'Set dbms.backup.enabled=true in neo4j.conf, or in a file that --additional-config names.',
    });
  }
}
