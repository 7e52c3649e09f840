import { askStoreId, probeContinuation } from '../../backup/continuation-probe.ts';
import { isWrongProtocol, type Strategy, type StrategyOptions, strategiesFor } from '../../backup/strategies.ts';
import { describeError, type GraphkeepError, hasCode } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { settings } from '../../config/settings.ts';
import { formatAddress, type ServerAddress } from '../../net/server-address.ts';
import type { BackupSource } from '../../source/backup-source.ts';
import { releaseOfStore } from '../../store/files/neo4j-versions.ts';
import { formatStoreId, type StoreIdentity } from '../../store/files/store-id.ts';
import { type DoctorFinding, failure, failureOf, inOrder } from '../findings/finding.ts';
import type { KnownBackup } from '../target/existing-backup.ts';
import { withinTime } from './deadline.ts';

/** A server that is asked. */
export type AskedServer = Omit<StrategyOptions, 'from'> & { from: ServerAddress };

/** Whether the server can continue the backup: whether it has more, or the error of an incremental. */
export type ContinuationAnswer = { hasNew: boolean } | { refusal: GraphkeepError };

export interface ServerAnswer {
  protocol: DoctorFinding;
  /** Undefined if there is no backup, or if no server has answered. */
  continuation?: ContinuationAnswer;
}

/**
 * Asks a server for its store, and whether it can continue the backup. No copy begins: a full copy makes the server write a check point,
 * these requests do not. No answer may take longer than `timeoutMs`.
 */
export async function askServer(
  given: AskedServer,
  backup: KnownBackup | undefined,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const options = withoutPatience(given);
  const inTime = <T>(ask: (running: AbortSignal) => Promise<T>) =>
    withinTime(given.timeoutMs, formatAddress(given.from), signal, ask);
  const failures: { strategy: Strategy; error: GraphkeepError }[] = [];
  for (const strategy of strategiesFor(options)) {
    const source = strategy.open(() => {});
    try {
      const storeId = await inTime((running) => askStoreId(source, running));
      const protocol = describeProtocol(strategy, given.from, storeId);
      return backup === undefined
        ? { protocol }
        : { protocol, continuation: await inTime((running) => askContinuation(source, backup, running)) };
    } catch (caught) {
      const error = asKnownError(caught);
      if (!isWrongProtocol(source, error)) return { protocol: describeFailures([...failures, { strategy, error }]) };
      failures.push({ strategy, error });
    } finally {
      await source.close();
    }
  }
  return { protocol: describeFailures(failures) };
}

/** Works for every source. */
export async function askContinuation(
  source: BackupSource,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<ContinuationAnswer> {
  return await answerOf(() => probeContinuation(source, backup, signal));
}

/** `probe`: whether there are new transactions. @throws GraphkeepError `cancelled`, `internal` */
export async function answerOf(probe: () => Promise<boolean>): Promise<ContinuationAnswer> {
  try {
    return { hasNew: await probe() };
  } catch (error) {
    return { refusal: asKnownError(error) };
  }
}

/** @throws GraphkeepError `cancelled`, `internal`: these say nothing about the source */
function asKnownError(caught: unknown): GraphkeepError {
  const error = asGraphkeepError(caught);
  if (hasCode(error, 'cancelled', 'internal')) throw error;
  return error;
}

/** A request that fails is not repeated, and nobody waits longer than the user wants. */
function withoutPatience(given: AskedServer): AskedServer {
  const limit = `${given.timeoutMs}ms`;
  const config = given.config.with([
    [settings.storeCopyRetryTimeMs.name, '0ms'],
    [settings.handshakeTimeoutMs.name, limit],
    [settings.inactivityTimeoutMs.name, limit],
  ]);
  return { ...given, config };
}

function describeProtocol({ name }: Strategy, from: ServerAddress, storeId: StoreIdentity): DoctorFinding {
  const { storeVersion } = storeId;
  const release = storeVersion === undefined ? undefined : releaseOfStore(storeVersion);
  const releases = release === undefined ? '' : `, Neo4j ${release.releases}`;
  return inOrder(
    'protocol',
    `${formatAddress(from)} answers in the ${name} protocol${releases}; store: ${formatStoreId(storeId)}`,
  );
}

/** The errors of all protocols; one that is the same in several is told once. */
function describeFailures(failures: readonly { strategy: Strategy; error: GraphkeepError }[]): DoctorFinding {
  const last = failures.at(-1)!;
  const protocols = new Map<string, string[]>();
  for (const { strategy, error } of failures) {
    const text = describeError(error);
    protocols.set(text, [...(protocols.get(text) ?? []), strategy.name]);
  }
  if (protocols.size === 1) return failureOf('protocol', last.error);
  const all = [...protocols].map(([text, names]) => `${names.join(' and ')} protocol: ${text}`);
  return failure('protocol', all.join('; '), last.error.hint);
}
