import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorPlace, GraphkeepError } from '../../../base/errors.ts';
import { measureTree } from '../../../base/tree-size.ts';
import { NEO4J_3 } from '../../../generation/neo4j-3.ts';
import { beginningOf } from '../../../log/v3/log-header.ts';
import { recoverStore } from '../../../replay/recovery.ts';
import { eventsOfRecovery } from '../../../replay/recovery-events.ts';
import type { FileReceiver, StoreFileStream } from '../../../source/backup-source.ts';
import { type NeostoreMetadata, patchMetadataIn, readMetadataIn } from '../../../store/files/neostore-metadata.ts';
import { classifyDatabaseFile } from '../../../store/files/store-files.ts';
import { requireSupportedStore } from '../../../store/files/supported-store.ts';
import type { FullBackup, ReceivedTransactions } from '../backup-target.ts';
import type { DirectoryRun } from './directory-run.ts';
import { ReceivedFiles } from './received-files.ts';
import { ReceivedLogFile } from './received-log-file.ts';

/**
 * A full backup in the scratch directory of its target. The transactions after the files begin at the check point of the copy, so replay
 * starts at the beginning of their log (spec common-protocol 15.2).
 */
export class FullDirectory implements FullBackup {
  readonly log: ReceivedLogFile;
  private readonly run: DirectoryRun;
  private readonly folder: string;
  private readonly from: ErrorPlace;
  private readonly files: ReceivedFiles;
  /** Version of the server's `native-btree` index files, if the source told it. */
  private genericVersion: number | undefined;

  private constructor(run: DirectoryRun, folder: string, from: ErrorPlace) {
    this.run = run;
    this.folder = folder;
    this.from = from;
    this.files = new ReceivedFiles(folder);
    this.log = new ReceivedLogFile(folder, () => this.readMetadata().logVersion);
  }

  static async begin(run: DirectoryRun, from: ErrorPlace): Promise<FullDirectory> {
    const { bytes } = await measureTree(run.directory.path, (name, isDirectory) => isDirectory || isSent(name));
    if (bytes > 0) run.onEvent({ kind: 'copy-expected', bytes });
    return new FullDirectory(run, await run.directory.beginFullCopy(), from);
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return this.files.openFile(file);
  }

  genericIndexes(minorVersion: number): void {
    this.genericVersion = minorVersion;
  }

  readLastTransaction(): number {
    return this.readMetadata().lastTransactionId;
  }

  async requireSupported(): Promise<void> {
    await requireSupportedStore(this.folder, 'change');
  }

  async finish(received: ReceivedTransactions, signal: AbortSignal): Promise<number> {
    const { folder } = this;
    const { directory, budgetBytes, onEvent } = this.run;
    const { lastTransactionId, logVersion } = this.readMetadata();
    await this.log.finish(received, lastTransactionId);
    // The source's position does not exist in the new log.
    const start = beginningOf(logVersion);
    patchMetadataIn(folder, {
      lastClosedLogVersion: start.version,
      lastClosedLogOffset: start.offset,
    });
    const scratch = await directory.scratch('replay');
    const indexes = this.genericVersion === undefined ? {} : { genericVersion: this.genericVersion };
    const how = { start, storeIsExact: false, indexes };
    const recovery = await recoverStore(folder, { ...how, budgetBytes, scratch, signal, onEvent });
    onEvent({ kind: 'flush-began' });
    await this.files.finish();
    for (const event of eventsOfRecovery(recovery)) onEvent(event);
    return recovery.lastTransaction;
  }

  publish(): Promise<string | undefined> {
    return this.run.directory.publish();
  }

  async abandon(): Promise<void> {
    this.log.close();
    await this.files.abandon();
  }

  private readMetadata(): NeostoreMetadata {
    const { keyFile } = NEO4J_3.files;
    if (existsSync(join(this.folder, keyFile))) return readMetadataIn(this.folder);
    throw new GraphkeepError('peer.protocol', `the copy holds no file ${keyFile}`, { place: this.from });
  }
}

/** True for what the server sends as a file. */
function isSent(name: string): boolean {
  const role = classifyDatabaseFile(name);
  return role !== 'transaction-log' && role !== 'server-diary';
}
