import { join } from 'node:path';
import { removeTree, renameDurably } from '../../../base/durable-files.ts';
import { listLogFiles, logFileName } from '../../../log/log-files.ts';
import { beginningOf } from '../../../log/v3/log-header.ts';
import { findRecoveryStart } from '../../../log/v3/recovery-start.ts';
import { PreparedReplay } from '../../../replay/log-application.ts';
import { completeRecovery, type Recovery, recoverStore } from '../../../replay/recovery.ts';
import { eventsOfRecovery } from '../../../replay/recovery-events.ts';
import {
  type NeostoreMetadata,
  patchMetadataDurablyIn,
  readMetadataIn,
  storeIdOf,
} from '../../../store/files/neostore-metadata.ts';
import type { StoreIdentity } from '../../../store/files/store-id.ts';
import { requireSupportedStore } from '../../../store/files/supported-store.ts';
import type { ContinuedBackup, KnownTransaction, ReceivedTransactions } from '../backup-target.ts';
import type { DirectoryRun } from './directory-run.ts';
import { refuseOuterLinks } from './outer-links.ts';
import { ReceivedLogFile } from './received-log-file.ts';

/**
 * A backup in a directory that is brought up to date. The transactions are received into a separate log file beside the backup. It is moved
 * into the backup only after all of it was read and checked, just before the first change to the store: an earlier failure leaves the
 * backup untouched.
 */
export class ContinuedDirectory implements ContinuedBackup {
  readonly storeId: StoreIdentity;
  readonly last: KnownTransaction;
  private readonly run: DirectoryRun;
  /** Version of the received log file. */
  private readonly version: number;
  /** True if transactions in the log wait for a server that knows explicit indexes: the log must stay. */
  private readonly isPending: boolean;
  private log: ReceivedLogFile | undefined;

  private constructor(run: DirectoryRun, metadata: NeostoreMetadata, isPending: boolean) {
    this.run = run;
    this.isPending = isPending;
    this.storeId = storeIdOf(metadata);
    this.last = { id: metadata.lastTransactionId, checksum: metadata.lastTransactionChecksum };
    this.version = nextLogVersion(run.directory.path, metadata);
  }

  /** Recovers the backup first if a killed run (ours or of the Java client) left work. */
  static async open(run: DirectoryRun, signal: AbortSignal): Promise<ContinuedDirectory> {
    const { path } = run.directory;
    await requireSupportedStore(path, 'change');
    await refuseOuterLinks(path);
    const recovery = await recoverIfNeeded(run, signal);
    const metadata = readMetadataIn(path);
    return new ContinuedDirectory(run, metadata, recovery?.pendingFrom !== undefined);
  }

  async beginLog(): Promise<ReceivedLogFile> {
    const { directory } = this.run;
    await this.abandon();
    await directory.clearScratchPart('log');
    this.log = new ReceivedLogFile(await directory.scratch('log'), () => this.version);
    return this.log;
  }

  /** Moves the log into place between the two halves of the recovery: after all of it was read, before the store is changed. */
  async append(received: ReceivedTransactions, signal: AbortSignal): Promise<void> {
    const { run, version } = this;
    const { path } = run.directory;
    await this.log!.finish(received, this.last.id);
    const how = { start: beginningOf(version), storeIsExact: true, leavePending: this.isPending };
    const logFolder = run.directory.scratchPath('log');
    const replay = await PreparedReplay.read(path, { ...how, logFolder, ...(await replayOptions(run, signal)) });
    let recovery: Recovery;
    try {
      await this.placeLog();
      recovery = await completeRecovery(path, replay);
    } finally {
      await replay.dispose();
    }
    for (const event of eventsOfRecovery(recovery)) run.onEvent(event);
    if (!this.isPending && recovery.pendingFrom === undefined) await this.removeOlderLogs(version);
  }

  async leave(): Promise<void> {
    if (this.isPending) return;
    const { lastCheckPoint } = findRecoveryStart(this.run.directory.path);
    await this.removeOlderLogs(lastCheckPoint?.target.version ?? 0);
  }

  async abandon(): Promise<void> {
    this.log?.close();
  }

  /**
   * From here on the transactions belong to the backup: a server, or the next run, replays them. `neostore` names the new file first, as
   * when a server rotates its log: a server appends to the file named there.
   */
  private async placeLog(): Promise<void> {
    const { directory } = this.run;
    patchMetadataDurablyIn(directory.path, { logVersion: this.version });
    const name = logFileName(this.version);
    await renameDurably(join(directory.scratchPath('log'), name), join(directory.path, name));
  }

  /** Logs below `version` are applied and precede a check point: nothing needs them any more. */
  private async removeOlderLogs(version: number): Promise<void> {
    const { directory, onEvent } = this.run;
    const older = listLogFiles(directory.path).files.filter((file) => file.version < version);
    for (const file of older) await removeTree(file.path);
    if (older.length > 0) onEvent({ kind: 'log-pruned', versions: older.map((file) => file.version) });
  }
}

async function recoverIfNeeded(run: DirectoryRun, signal: AbortSignal): Promise<Recovery | undefined> {
  const { path } = run.directory;
  const found = findRecoveryStart(path);
  if (!found.needed || found.position === undefined) return undefined;
  run.onEvent({ kind: 'recovery-began', transactions: found.transactions });
  const how = { start: found.position, storeIsExact: false };
  const recovery = await recoverStore(path, { ...how, ...(await replayOptions(run, signal)) });
  for (const event of eventsOfRecovery(recovery)) run.onEvent(event);
  return recovery;
}

async function replayOptions({ directory, budgetBytes, onEvent }: DirectoryRun, signal: AbortSignal) {
  return { budgetBytes, scratch: await directory.scratch('replay'), signal, onEvent };
}

/** Just after the newest file, even if a killed run made `neostore` name one that never came: log files must have no gap. */
function nextLogVersion(folder: string, metadata: NeostoreMetadata): number {
  return (listLogFiles(folder).highest ?? Math.max(-1, metadata.logVersion)) + 1;
}
