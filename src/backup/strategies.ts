import { GraphkeepError, hasCode } from '../base/errors.ts';
import { settings } from '../config/settings.ts';
import type { ServerAddress } from '../net/server-address.ts';
import { CATCHUP_VERSION } from '../protocol/catchup/handshake-messages.ts';
import { readCompressionNames } from '../protocol/catchup/modifiers.ts';
import { CommonSource } from '../source/backup-protocol/common-source.ts';
import type { BackupSource, HistoryTail } from '../source/backup-source.ts';
import { CatchupSource } from '../source/catchup/catchup-source.ts';
import { LiveFilesSource } from '../source/live-files/live-files-source.ts';
import type { JobEvent } from './backup-events.ts';
import { type BackupFailed, type BackupOptions, type FailedAttempt, isLiveFiles } from './backup-options.ts';

/** One protocol to try. */
export interface Strategy {
  readonly name: FailedAttempt['strategy'];
  /** The Java tool's name for a failed full copy in this protocol. The common protocol is the last one, so no strategy is left. */
  readonly failure: BackupFailed['outcome'];
  /** `onEvent`: receives an event for each repeated request. */
  open(onEvent: (event: JobEvent) => void): BackupSource;
}

/** What decides about the protocols and how they are spoken. */
export type StrategyOptions = Pick<BackupOptions, 'from' | 'protocol' | 'sslPolicy' | 'timeoutMs' | 'config'>;

/** Same as the Java client (spec common-protocol 2). */
const CONNECT_TIMEOUT_MS = 5000;

/** Connections that fetch files from a cluster member in parallel. */
const CATCHUP_CONNECTIONS = 3;

/** After this many failed attempts of a request, the trouble lasts; most troubles are over before. */
const LASTING_ATTEMPTS = 5;

/**
 * The protocols to try, in order (spec backup-command 3.1). With a TLS policy, `any` means catchup only, because the common protocol has no
 * encryption: doing without it must be requested explicitly.
 */
export function strategiesFor(options: StrategyOptions): Strategy[] {
  const { protocol, sslPolicy, from } = options;
  if (isLiveFiles(from)) return [fromFiles(() => new LiveFilesSource(from))];
  const catchup: Strategy = {
    name: 'catchup',
    failure: 'execution',
    open: (onEvent) => openCatchup(options, from, onEvent),
  };
  const common: Strategy = { name: 'common', failure: 'no-strategy', open: () => openCommon(options, from) };
  if (protocol !== 'any') return [protocol === 'catchup' ? catchup : common];
  return sslPolicy === undefined ? [catchup, common] : [catchup];
}

function fromFiles(open: () => BackupSource): Strategy {
  return { name: 'files', failure: 'execution', open };
}

/**
 * The same for many backups, one after the other. Connections are made anew for each. Files are kept open until `close`, so that the
 * server cannot remove what the next backup needs, and `tail` sees what is new.
 */
export function lastingStrategiesFor(options: BackupOptions): {
  strategies: readonly Strategy[];
  tail: HistoryTail | undefined;
  close(): Promise<void>;
} {
  const { from } = options;
  if (!isLiveFiles(from)) return { strategies: strategiesFor(options), tail: undefined, close: async () => {} };
  const source = new LiveFilesSource(from, { follows: true });
  return {
    strategies: [fromFiles(() => keepOpen(source))],
    tail: source.tail,
    close: () => source.close(),
  };
}

function keepOpen(source: BackupSource): BackupSource {
  return {
    isRightProtocol: source.isRightProtocol,
    place: source.place,
    fullCopy: (receiver, signal) => source.fullCopy(receiver, signal),
    transactionsAfter: (last, receiver, signal) => source.transactionsAfter(last, receiver, signal),
    close: async () => {},
  };
}

function openCommon({ timeoutMs }: StrategyOptions, address: ServerAddress): BackupSource {
  return new CommonSource({ address, timeoutMs });
}

function openCatchup(
  { config, sslPolicy: policy }: StrategyOptions,
  address: ServerAddress,
  onEvent: (event: JobEvent) => void,
): BackupSource {
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
    onRetry: (request, error, attempt) => {
      const kind = attempt === LASTING_ATTEMPTS ? 'request-keeps-failing' : 'request-repeated';
      onEvent({ kind, ...request, attempt, error });
    },
  });
}

function requireVersion(allowed: readonly number[]): void {
  if (allowed.length === 0 || allowed.includes(CATCHUP_VERSION)) return;
  throw new GraphkeepError('config', `Setting '${settings.catchupVersions.name}' forbids the only version there is`, {
    observed: allowed.join(', '),
    hint: `Remove the setting, or add ${CATCHUP_VERSION}.`,
  });
}

/**
 * True if another protocol could do better: only if this one never got an answer in its own language. Local errors have nothing to do with
 * the protocol, and a refused certificate must not be bypassed.
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
