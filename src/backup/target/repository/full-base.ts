import { ByteWriter } from '../../../base/byte-writer.ts';
import { type ErrorPlace, GraphkeepError } from '../../../base/errors.ts';
import { version } from '../../../base/own-version.ts';
import { logFileName } from '../../../log/log-files.ts';
import { encodeCheckPointEntry } from '../../../log/v3/entries/check-point-entry.ts';
import { beginningOf, encodeLogHeader } from '../../../log/v3/log-header.ts';
import type { TimelineHistory } from '../../../repository/reading/database-history.ts';
import type { BaseWriter } from '../../../repository/writing/base-writer.ts';
import { SegmentLog } from '../../../repository/writing/segment-log.ts';
import type { FileReceiver, StoreFileStream } from '../../../source/backup-source.ts';
import {
  decodeMetadata,
  type NeostoreMetadata,
  storeIdOf,
  withMetadata,
} from '../../../store/files/neostore-metadata.ts';
import { METADATA_FILE, storeFiles } from '../../../store/files/store-files.ts';
import { formatByVersion } from '../../../store/files/store-format.ts';
import { formatStoreId } from '../../../store/files/store-id.ts';
import type { FullBackup, ReceivedTransactions } from '../backup-target.ts';
import { BaseInTimeline } from './base-in-timeline.ts';
import { keptIdentity, type RepositoryRun } from './repository-run.ts';

/**
 * A full backup that becomes a base of a repository, with a timeline of its own. Nothing is replayed: the files are stored as they come,
 * and the log that makes them exact beside them. So whatever the size of the database, nothing of it touches a disk of this machine.
 */
export class FullBase implements FullBackup {
  private readonly run: RepositoryRun;
  private readonly from: ErrorPlace;
  private readonly base: BaseInTimeline<SegmentLog>;
  private readonly writer: BaseWriter;
  private genericVersion: number | undefined;

  private constructor(run: RepositoryRun, from: ErrorPlace, base: BaseInTimeline<SegmentLog>) {
    this.run = run;
    this.from = from;
    this.base = base;
    this.writer = base.writer;
  }

  /** `parent`: the newest timeline, if there is one. `goesOn`: the base belongs to it; otherwise it begins another one. */
  static async begin(
    run: RepositoryRun,
    from: ErrorPlace,
    parent: TimelineHistory | undefined,
    goesOn: boolean,
  ): Promise<FullBase> {
    return new FullBase(run, from, await BaseInTimeline.begin(run, parent, goesOn, (place) => new SegmentLog(place)));
  }

  get log() {
    return this.writer.log;
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return this.writer.openFile(file);
  }

  genericIndexes(minorVersion: number): void {
    this.genericVersion = minorVersion;
  }

  readLastTransaction(): number {
    return this.readMetadata().lastTransactionId;
  }

  async requireSupported(): Promise<void> {
    try {
      this.requireComplete();
    } catch (error) {
      // What is missing, or not supported, would be so again.
      this.writer.giveUp();
      throw error;
    }
  }

  async finish({ first }: ReceivedTransactions): Promise<number> {
    const metadata = this.readMetadata();
    const id = storeIdOf(metadata);
    this.base.requireSameStore(id, { place: this.from, observed: formatStoreId(id) });
    const { log } = this.writer;
    const start = beginningOf(metadata.logVersion);
    const before = first === undefined ? metadata.lastTransactionId : first - 1;
    this.placeLogFile(metadata.logVersion, before);
    // The position of the source does not exist in the log of the base.
    const positions = { lastClosedLogVersion: start.version, lastClosedLogOffset: start.offset };
    const bytes = this.writer.files.small(METADATA_FILE)!;
    this.writer.files.replaceSmall(METADATA_FILE, withMetadata(bytes, positions));
    const last = log.last ?? {
      id: metadata.lastTransactionId,
      checksum: metadata.lastTransactionChecksum,
      commitTime: metadata.lastTransactionCommitTime,
    };
    const generic = this.genericVersion === undefined ? {} : { genericIndexes: this.genericVersion };
    const { name: format } = formatByVersion(metadata.storeVersion);
    await this.writer.finish({
      tool: version,
      store: { ...keptIdentity(storeIdOf(metadata)), format, ...generic },
      source: this.from.peer ?? this.from.file ?? '',
      checkPoint: { transaction: before, position: start },
      consistentAt: { transaction: last.id, checksum: last.checksum, commitTime: new Date(last.commitTime) },
      newestCommit: new Date(Math.max(log.newestCommit, metadata.lastTransactionCommitTime)),
      compression: this.run.compression,
    });
    return last.id;
  }

  publish(): Promise<string | undefined> {
    return this.base.publish(storeIdOf(this.readMetadata()));
  }

  abandon(): Promise<void> {
    return this.writer.abandon();
  }

  private requireComplete(): void {
    formatByVersion(this.readMetadata().storeVersion);
    const names = new Set(this.writer.files.names);
    const missing = storeFiles.map(({ fileName }) => fileName).filter((name) => !names.has(name));
    if (missing.length === 0) return;
    throw new GraphkeepError('store.missing-file', 'the copy lacks store files', {
      place: this.from,
      observed: missing.join(', '),
    });
  }

  /**
   * The log file to which the transactions belong. Its check point names its own beginning: that is where a server, or a replay, begins,
   * whatever the number of the file.
   */
  private placeLogFile(version: number, previousTransaction: number): void {
    const entry = new ByteWriter();
    encodeCheckPointEntry(entry, beginningOf(version));
    const content = Buffer.concat([encodeLogHeader({ version, previousTransaction }), entry.view()]);
    this.writer.files.replaceSmall(logFileName(version), content);
  }

  private readMetadata(): NeostoreMetadata {
    const bytes = this.writer.files.small(METADATA_FILE);
    if (bytes !== undefined) return decodeMetadata(bytes);
    throw new GraphkeepError('peer.protocol', `the copy holds no file ${METADATA_FILE}`, { place: this.from });
  }
}
