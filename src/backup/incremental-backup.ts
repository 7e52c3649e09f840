import { join } from 'node:path';
import { removeTree, renameDurably } from '../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import { listLogFiles, logFileName } from '../log/log-files.ts';
import { BASE_TRANSACTION, LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import type { ApplyOptions } from '../replay/apply-log.ts';
import { type Recovery, recoverStore } from '../replay/recover.ts';
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
import type { BackupEvents } from './backup-options.ts';
import { CopyLog } from './copy-log.ts';
import type { BackupOutcome } from './full-backup.ts';
import { refuseOuterLinks } from './outer-links.ts';
import { ReceivedLog, type ReceivedLogOptions, type ReceivedTransactions } from './received-log.ts';
import { noteRecovery } from './recovery-notes.ts';
import type { TargetDirectory } from './target-directory.ts';

/** Everything the steps of one incremental share. */
interface Incremental {
  source: BackupSource;
  target: TargetDirectory;
  events: BackupEvents;
  log: CopyLog;
  /** The source has told that it asks for transactions; on the common protocol nobody does (backup-command spec 3.4). */
  isAnnounced: boolean;
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
  events: BackupEvents,
  budgetBytes: number,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const log = new CopyLog(events);
  const run: Incremental = { source, target, events, log, isAnnounced: false, budgetBytes, signal };
  const folder = target.path;
  await requireSupportedStore(folder, 'change');
  await refuseOuterLinks(folder);
  const pending = (await recoverIfNeeded(run))?.pendingFrom !== undefined;
  const metadata = readMetadata(join(folder, METADATA_FILE));
  const version = nextLogVersion(folder, metadata);
  const { lastTransactionId } = metadata;
  const received = await receive(run, metadata, version);
  if (run.isAnnounced) run.log.endTransactions(received.last ?? lastTransactionId);
  const unchanged = { firstTransaction: lastTransactionId, lastTransaction: lastTransactionId };
  if (received.count === 0) {
    if (!pending) await removeOlderLogs(folder, findRecoveryStart(folder).lastCheckPoint?.target.version ?? 0);
    return { kind: 'unchanged', ...unchanged, bytes: 0, files: 0 };
  }
  const recovery = await recover(run, {
    start: { version, offset: LOG_HEADER_BYTES },
    storeIsExact: true,
    leavePending: pending,
    logFolder: join(target.workPath, 'log'),
    beforeWriting: () => placeLog(run, version),
  });
  if (!pending && recovery.pendingFrom === undefined) await removeOlderLogs(folder, version);
  const { first, last, bytes } = received;
  return { kind: 'incremental', firstTransaction: first!, lastTransaction: last!, bytes, files: 1 };
}

async function recoverIfNeeded(run: Incremental): Promise<Recovery | undefined> {
  const found = findRecoveryStart(run.target.path);
  if (!found.needed || found.position === undefined) return undefined;
  run.events.debug(`The backup was not closed cleanly: recovering ${found.transactions} transactions`);
  return await recover(run, { start: found.position, storeIsExact: false });
}

async function recover(
  run: Incremental,
  how: Omit<ApplyOptions, 'budgetBytes' | 'scratch' | 'signal' | 'onPhase'>,
): Promise<Recovery> {
  const { target, events, budgetBytes, signal } = run;
  const scratch = await target.scratch('replay');
  const onPhase = (phase: string): void => events.progress?.({ bytes: 0, files: 0, phase });
  const recovery = await recoverStore(target.path, { ...how, budgetBytes, scratch, signal, onPhase });
  noteRecovery(recovery, events);
  return recovery;
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
  const { source, target, signal } = run;
  await removeTree(join(target.workPath, 'log'));
  const folder = await target.scratch('log');
  const log = new ReceivedLog({ folder, version: () => version, place: source.place, ...expected });
  const receiver = {
    storeId: (id: StoreIdentity): void => requireSameStore(id, metadata, source),
    transactionsFrom: (): void => {
      if (!run.isAnnounced) run.log.beginTransactions(metadata.lastTransactionId + 1);
      run.isAnnounced = true;
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
async function removeOlderLogs(folder: string, version: number): Promise<void> {
  for (const file of listLogFiles(folder).files) {
    if (file.version < version) await removeTree(file.path);
  }
}
