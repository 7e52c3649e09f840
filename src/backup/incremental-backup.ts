import { join } from 'node:path';
import { removeTree, renameDurably } from '../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import { listLogFiles, logFileName } from '../log/log-files.ts';
import { BASE_TRANSACTION, beginningOf } from '../log/v3/log-header.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { PreparedReplay } from '../replay/apply-log.ts';
import { completeRecovery, type Recovery, recoverStore } from '../replay/recover.ts';
import { eventsOfRecovery } from '../replay/recovery-events.ts';
import type { BackupSource } from '../source/backup-source.ts';
import {
  type NeostoreMetadata,
  patchMetadataDurably,
  readMetadata,
  storeIdOf,
} from '../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import { formatStoreId, relateStores, type StoreIdentity } from '../store/files/store-id.ts';
import { requireSupportedStore } from '../store/files/supported-store.ts';
import type { BackupEvent } from './backup-events.ts';
import type { BackupOutcome } from './full-backup.ts';
import { refuseOuterLinks } from './outer-links.ts';
import { ReceivedLog, type ReceivedLogOptions, type ReceivedTransactions } from './received-log.ts';
import type { TargetDirectory } from './target-directory.ts';
import { TransactionProgress } from './transaction-progress.ts';

/** Everything the steps of one incremental share. */
interface Incremental {
  source: BackupSource;
  target: TargetDirectory;
  onEvent: (event: BackupEvent) => void;
  progress: TransactionProgress;
  budgetBytes: number;
  signal: AbortSignal;
}

const UPGRADED_HINT =
  'Transactions after an upgrade do not fit a backup from before it. Choose another --name, or allow --fallback-to-full.';

/**
 * Brings an existing backup up to date: recovers it if a killed run (ours or of the Java client) has left work, receives the
 * transactions it lacks into a log file of their own, and applies them. That file is put in place when all of it was read and checked,
 * right before the first change to the store: whatever goes wrong before leaves the backup untouched.
 */
export async function makeIncrementalBackup(
  source: BackupSource,
  target: TargetDirectory,
  onEvent: (event: BackupEvent) => void,
  budgetBytes: number,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const progress = new TransactionProgress(onEvent);
  const run: Incremental = { source, target, onEvent, progress, budgetBytes, signal };
  const folder = target.path;
  await requireSupportedStore(folder, 'change');
  await refuseOuterLinks(folder);
  const pending = (await recoverIfNeeded(run))?.pendingFrom !== undefined;
  const metadata = readMetadata(join(folder, METADATA_FILE));
  const version = nextLogVersion(folder, metadata);
  const { lastTransactionId } = metadata;
  const received = await receive(run, metadata, version);
  progress.end(received, lastTransactionId);
  const unchanged = { firstTransaction: lastTransactionId, lastTransaction: lastTransactionId };
  if (received.count === 0) {
    if (!pending) await removeOlderLogs(run, findRecoveryStart(folder).lastCheckPoint?.target.version ?? 0);
    return { kind: 'unchanged', ...unchanged, bytes: 0, files: 0 };
  }
  const recovery = await applyReceived(run, version, pending);
  if (!pending && recovery.pendingFrom === undefined) await removeOlderLogs(run, version);
  const { first, last, bytes } = received;
  return { kind: 'incremental', firstTransaction: first!, lastTransaction: last!, bytes, files: 1 };
}

async function recoverIfNeeded(run: Incremental): Promise<Recovery | undefined> {
  const { path } = run.target;
  const found = findRecoveryStart(path);
  if (!found.needed || found.position === undefined) return undefined;
  const { onEvent } = run;
  onEvent({ kind: 'recovery-began', transactions: found.transactions });
  const how = { start: found.position, storeIsExact: false };
  const recovery = await recoverStore(path, { ...how, ...(await replayOptions(run)) });
  for (const event of eventsOfRecovery(recovery)) onEvent(event);
  return recovery;
}

/** The log goes to its place between the two halves of the recovery: when all of it was read, before the store is changed. */
async function applyReceived(run: Incremental, version: number, leavePending: boolean): Promise<Recovery> {
  const { path, workPath } = run.target;
  const how = { start: beginningOf(version), storeIsExact: true, leavePending, logFolder: join(workPath, 'log') };
  const replay = await PreparedReplay.read(path, { ...how, ...(await replayOptions(run)) });
  try {
    await placeLog(run, version);
    const recovery = await completeRecovery(path, replay);
    for (const event of eventsOfRecovery(recovery)) run.onEvent(event);
    return recovery;
  } finally {
    await replay.dispose();
  }
}

async function replayOptions({ target, onEvent, budgetBytes, signal }: Incremental) {
  const scratch = await target.scratch('replay');
  return { budgetBytes, scratch, signal, onEvent };
}

/** Right behind the newest file, also where a killed run has let `neostore` name one that never came: log files must have no gap. */
function nextLogVersion(folder: string, metadata: NeostoreMetadata): number {
  return (listLogFiles(folder).highest ?? Math.max(-1, metadata.logVersion)) + 1;
}

/**
 * Receives the transactions after the last one of the backup, with that one in front to compare histories. A server that has pruned
 * exactly that one is asked again without it.
 */
async function receive(run: Incremental, metadata: NeostoreMetadata, version: number): Promise<ReceivedTransactions> {
  const { lastTransactionId: id, lastTransactionChecksum: checksum } = metadata;
  if (id > BASE_TRANSACTION) {
    try {
      return await receiveAfter(run, metadata, version, id - 1, { overlap: { id, checksum } });
    } catch (error) {
      if (!hasCode(error, 'peer.history-pruned')) throw error;
    }
  }
  return await receiveAfter(run, metadata, version, id, { after: id });
}

async function receiveAfter(
  run: Incremental,
  metadata: NeostoreMetadata,
  version: number,
  lastTransactionId: number,
  expected: Pick<ReceivedLogOptions, 'overlap' | 'after'>,
): Promise<ReceivedTransactions> {
  const { source, target, progress, signal } = run;
  await removeTree(join(target.workPath, 'log'));
  const folder = await target.scratch('log');
  const log = new ReceivedLog({
    folder,
    version: () => version,
    place: source.place,
    onProgress: (done) => progress.advance(done),
    ...expected,
  });
  const receiver = {
    storeId: (id: StoreIdentity): void => {
      requireSameStore(id, metadata, source);
      progress.begin(metadata.lastTransactionId + 1);
    },
    transactionBytes: (chunk: Buffer): undefined => log.transactionBytes(chunk),
  };
  try {
    await source.transactionsAfter(Math.max(lastTransactionId, BASE_TRANSACTION), receiver, signal);
    return await log.finish(metadata.lastTransactionId);
  } catch (error) {
    log.abandon();
    throw error;
  }
}

/** An upgraded store is another one: its records have other ids (see {@link relateStores}). */
function requireSameStore(remote: StoreIdentity, metadata: NeostoreMetadata, source: BackupSource): void {
  const local = storeIdOf(metadata);
  const relation = relateStores(remote, local);
  if (relation === 'same') return;
  const isUpgraded = relation === 'upgraded';
  throw new GraphkeepError(
    'peer.other-store',
    isUpgraded
      ? 'an upgrade or a change of the record format lies between the backup and the database of the server'
      : 'the backup is of another database than the one of the server',
    {
      place: source.place,
      observed: `server: ${formatStoreId(remote)}; backup: ${formatStoreId(local)}`,
      ...(isUpgraded ? { hint: UPGRADED_HINT } : {}),
    },
  );
}

/**
 * From here on the transactions belong to the backup: a server, or the next run, replays them. `neostore` names the new file first, as a
 * server rotates its log: it would append to the file named there.
 */
async function placeLog(run: Incremental, version: number): Promise<void> {
  const { path, workPath } = run.target;
  patchMetadataDurably(join(path, METADATA_FILE), { logVersion: version });
  const name = logFileName(version);
  await renameDurably(join(workPath, 'log', name), join(path, name));
}

/** Logs below `version` are applied and behind a check point: nothing needs them any more. */
async function removeOlderLogs({ target, onEvent }: Incremental, version: number): Promise<void> {
  const older = listLogFiles(target.path).files.filter((file) => file.version < version);
  for (const { path } of older) await removeTree(path);
  if (older.length > 0) onEvent({ kind: 'log-pruned', versions: older.map((file) => file.version) });
}
