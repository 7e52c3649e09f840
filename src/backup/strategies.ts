import { GraphkeepError, hasCode } from '../base/errors.ts';
import { settings } from '../config/settings.ts';
import { CATCHUP_VERSION } from '../protocol/catchup/handshake-messages.ts';
import { readCompressionNames } from '../protocol/catchup/modifiers.ts';
import { CommonSource } from '../source/backup-protocol/common-source.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { CatchupSource } from '../source/catchup/catchup-source.ts';
import type { BackupEvents, BackupFailed, BackupOptions, FailedAttempt } from './backup-options.ts';

/** One way to try. */
export interface Strategy {
  readonly name: FailedAttempt['strategy'];
  /** What the Java tool calls a full copy that failed in it: the common protocol is the last one, so no strategy is left. */
  readonly failure: BackupFailed['outcome'];
  open(): BackupSource;
}

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
export function strategiesFor(options: BackupOptions, events: BackupEvents): Strategy[] {
  const { protocol, sslPolicy } = options;
  const catchup: Strategy = { name: 'catchup', failure: 'execution', open: () => openCatchup(options, events) };
  const common: Strategy = { name: 'common', failure: 'no-strategy', open: () => openCommon(options) };
  if (protocol !== 'any') return [protocol === 'catchup' ? catchup : common];
  return sslPolicy === undefined ? [catchup, common] : [catchup];
}

function openCommon({ from: address, timeoutMs }: BackupOptions): BackupSource {
  return new CommonSource({ address, timeoutMs });
}

function openCatchup({ from: address, config, sslPolicy: policy }: BackupOptions, events: BackupEvents): BackupSource {
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
