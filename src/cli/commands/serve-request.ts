import { resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { parseAddress, type TypedAddress } from '../../config/addresses.ts';
import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { readCompressionNames } from '../../protocol/catchup/modifiers.ts';
import type { ListenAddress, ListenerLimits } from '../../serve/conversation/listener-options.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';
import { logDirectoryOf } from './log-directory.ts';
import { loadBackupSslPolicy } from './policy-loading.ts';

export interface ServeRequest {
  /** Absolute. */
  directory: string;
  /** Where the transaction logs of this directory are. */
  logDirectory: string;
  listen: ListenAddress;
  limits: ListenerLimits;
  /** Only over TLS; undefined = without. */
  sslPolicy: SslPolicy | undefined;
  /** Names on the wire of compressions that clients may use, best first. */
  compression: readonly string[];
}

/** For what neither --listen nor dbms.backup.address says (spec common-protocol 2). */
const DEFAULT_LISTEN = { host: '127.0.0.1', port: 6362, lastPort: 6372 };

/** Makes of what the user typed and configured what a listener needs. */
export async function requestServe(values: OptionValues, context: CommandContext): Promise<ServeRequest> {
  const directory = resolve(context.cwd, values.mandatory('database'));
  const typed = values.isGiven('listen') ? parseOption(values, 'listen', (text) => parseAddress(text ?? '')) : {};
  const config = await loadConfig(context, values.optional('additional-config'));
  refuseIfDisabled(config);
  return {
    directory,
    logDirectory: logDirectoryOf(directory, config),
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
