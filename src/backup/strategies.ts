import { GraphkeepError, hasCode } from '../base/errors.ts';
import { settings } from '../config/settings.ts';
import { CATCHUP_VERSION } from '../protocol/catchup/handshake-messages.ts';
import { readCompressionNames } from '../protocol/catchup/modifiers.ts';
import { CommonSource } from '../source/backup-protocol/common-source.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { CatchupSource } from '../source/catchup/catchup-source.ts';
import type { BackupEvents, BackupOptions } from './backup-options.ts';

export type Strategy = BackupSource['kind'];

/** As the Java client (common-protocol spec 2). */
const CONNECT_TIMEOUT_MS = 5000;

/** Connections that fetch files from a cluster member at the same time. */
const CATCHUP_CONNECTIONS = 3;

/** A request is repeated silently this often: most troubles are over then. */
const SILENT_ATTEMPTS = 5;

/**
 * The protocols to try, in this order (backup-command spec 3.1). With a TLS policy `any` means catchup only, because the common protocol
 * knows no encryption: whoever wants to go without it has to say so.
 */
export function strategiesFor({ protocol, sslPolicy }: Pick<BackupOptions, 'protocol' | 'sslPolicy'>): Strategy[] {
  if (protocol !== 'any') return [protocol];
  return sslPolicy === undefined ? ['catchup', 'common'] : ['catchup'];
}

export function openSource(strategy: Strategy, options: BackupOptions, events: BackupEvents): BackupSource {
  const { from: address, timeoutMs, config, sslPolicy: policy } = options;
  if (strategy === 'common') return new CommonSource({ address, timeoutMs });
  requireVersion(config.get(settings.catchupVersions));
  return new CatchupSource({
    address,
    policy,
    compressions: readCompressionNames(config.get(settings.compressions)),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    handshakeTimeoutMs: config.get(settings.handshakeTimeoutMs),
    inactivityTimeoutMs: config.get(settings.inactivityTimeoutMs),
    connections: CATCHUP_CONNECTIONS,
    retry: {
      maxTimeMs: config.get(settings.storeCopyRetryTimeMs),
      maxWaitMs: config.get(settings.storeCopyBackoffMs),
    },
    onRetry: (what, error, attempt) => tellRetry(events, what, error, attempt),
  });
}

function requireVersion(allowed: readonly number[]): void {
  if (allowed.length === 0 || allowed.includes(CATCHUP_VERSION)) return;
  throw new GraphkeepError('config', `Setting '${settings.catchupVersions.name}' forbids the only version there is`, {
    observed: allowed.join(', '),
    hint: `Remove the setting, or add ${CATCHUP_VERSION}.`,
  });
}

function tellRetry(events: BackupEvents, what: string, error: GraphkeepError, attempt: number): void {
  const text = `Asking again for ${what}: ${error.message}`;
  if (attempt === SILENT_ATTEMPTS) events.note(text);
  else events.debug(text);
}

/**
 * Could another protocol do better? Only if this one never got an answer in its own language. What went wrong on this machine is no
 * question of the protocol, and a certificate that is refused is not to be evaded.
 */
export function isWrongProtocol(source: BackupSource, error: unknown): boolean {
  if (source.isRightProtocol || hasCode(error, 'peer.other-store')) return false;
  if (hasCode(error, 'tls.plaintext-peer', 'tls.closed', 'tls.timeout')) return true;
  return hasCode(
    error,
    'peer.unreachable',
    'peer.timeout',
    'peer.closed',
    'peer.protocol',
    'peer.hostile',
    'peer.failure',
  );
}
