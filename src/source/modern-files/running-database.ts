import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { sleep } from '../../base/timers.ts';
import type { RecoveredGeneration } from '../../generation/generation.ts';
import { findRecoveredGeneration } from '../../generation/recovered-generations.ts';
import { listLogVersions } from '../../log/log-files.ts';
import { LogPinner } from '../../log/log-pinner.ts';
import { isBefore, type LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { checkPointFileName } from '../../log/modern/check-points/check-point-files.ts';
import { readLastCheckPoint } from '../../log/modern/check-points/check-point-log.ts';
import { hasServerStopped } from '../../log/modern/check-points/server-life.ts';
import { type ModernLogHeader, readModernLogHeader } from '../../log/modern/fields/log-header.ts';
import { findLogBase, type LogBase } from '../../log/modern/log-outlook.ts';
import { lastNameOf } from '../../log/modern/same-place.ts';
import { TransactionReader } from '../../log/modern/transaction-reader.ts';
import { decodeStoreIdentity, type ModernStoreIdentity } from '../../store/files/modern/store-identity.ts';
import type { CopyReceiver, WaitingTransactions } from '../backup-source.ts';
import { describeIdentity } from '../live-files/live-database.ts';
import { copyLiveFile, type LiveCopying, type LiveTask, runTasks } from '../live-files/live-file-copy.ts';
import { findLockOwner } from './lock-owner.ts';
import { type CopyOutcome, type LeftOutFile, listModernFiles } from './modern-file-list.ts';
import { copyModernFolder } from './modern-folder-copy.ts';
import { copyModernTree } from './modern-tree-copy.ts';

/** A log that grows all the time is looked at this often, in milliseconds. */
const LOOK_MS = 100;
/** Of a log that is only watched, little is new. */
const WATCH_WINDOW_BYTES = 64 * 1024;

/** A database of 4.2 or later in the directories of its server. Absolute paths. */
export interface ModernPlace {
  readonly name: string;
  readonly directory: string;
  readonly logDirectory: string;
}

/** A file that belongs to the log, and goes into a copy with the files of the database. */
export interface LogPart {
  readonly name: string;
  readonly content: Buffer;
}

/**
 * A database that a server of 4.2 or later may be writing. Its log is held open from the beginning, so that the server cannot remove what
 * is needed; nothing of its files is changed, created or locked (spec modern-copies 1).
 */
export class RunningDatabase {
  readonly place: ModernPlace;
  readonly log: LogFileSet;
  private readonly generation: RecoveredGeneration;
  private readonly pinner: LogPinner;
  private readonly seen: string;
  private readonly server: number | undefined;
  private reading: TransactionReader | undefined;

  private constructor(place: ModernPlace, generation: RecoveredGeneration) {
    this.place = place;
    this.generation = generation;
    this.seen = describeIdentity(place);
    this.server = this.findServer();
    this.log = new LogFileSet(place.logDirectory);
    this.pinner = new LogPinner(this.log, { intervalMs: 100 });
  }

  /** @throws GraphkeepError those of {@link findRecoveredGeneration}, `log.gap` for a log with a hole */
  static async open(place: ModernPlace): Promise<RunningDatabase> {
    const generation = await findRecoveredGeneration(place.directory);
    if (generation !== undefined) return new RunningDatabase(place, generation);
    throw new GraphkeepError('store.format', 'this is a database of a release before 4.2', {
      place: { file: place.directory },
      hint: 'Give --from=file:<path> without --database for a database of 3.4 or 3.5.',
    });
  }

  get errorPlace(): ErrorPlace {
    return { file: this.place.directory };
  }

  /** Where a server would begin to recover a copy that is made from now on. */
  findBase(): LogBase {
    return findLogBase(this.log, this.place.logDirectory);
  }

  header(version: number): ModernLogHeader | undefined {
    return readModernLogHeader(this.log, version);
  }

  /** Which database the log belongs to. */
  identityOf({ storeId, version }: ModernLogHeader): ModernStoreIdentity {
    const identity = decodeStoreIdentity(storeId);
    if (identity !== undefined) return identity;
    throw new GraphkeepError('log.corrupt', 'the store id in the header of a log file cannot be read', {
      place: { file: this.log.nameOf(version), offset: 0 },
    });
  }

  /** The check points up to that of a base, which must be the last one in a copy; none if it has none. */
  async readCheckPoints({ checkPoint }: LogBase): Promise<LogPart[]> {
    if (checkPoint === undefined) return [];
    const name = checkPointFileName(checkPoint.file);
    const path = join(this.place.logDirectory, name);
    const content = await atFile('read the file', path, () => readFile(path));
    return [{ name, content: content.subarray(0, checkPoint.end) }];
  }

  /**
   * Copies everything but the log, while the server goes on.
   * @returns the files that had to be left out, by name: a server makes them anew
   */
  async copyFiles(receiver: CopyReceiver, copying: LiveCopying): Promise<LeftOutFile[]> {
    const { plain, trees, folders, unknown } = listModernFiles(this.place.directory, this.generation.files);
    const leftOut: LeftOutFile[] = unknown.map((name) => ({ name, cause: 'unknown' }));
    const orLeaveOut =
      (name: string, copy: (copying: LiveCopying) => Promise<CopyOutcome>): LiveTask =>
      async (shared) => {
        const outcome = await copy(shared);
        if (outcome === 'changing' || outcome === 'incomplete') leftOut.push({ name, cause: outcome });
      };
    const derived = [
      ...trees.map((file) => orLeaveOut(file.name, (shared) => copyModernTree(file, receiver, shared))),
      ...folders.map((folder) => orLeaveOut(folder.name, (shared) => copyModernFolder(folder, receiver, shared))),
    ];
    await runTasks(derived, copying);
    const files = plain.map((file) => ({ ...file, alignment: 1 }));
    await runTasks(
      files.map((file) => (shared) => copyLiveFile(file, receiver, shared)),
      copying,
    );
    throwIfCancelled(copying.signal);
    return leftOut.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The transactions after a position, up to the present end of the log. */
  read(from: LogPosition, preceding: { id: number } | undefined, signal: AbortSignal): TransactionReader {
    this.pinner.check();
    this.log.pin();
    this.reading = new TransactionReader(this.log, { from, preceding, signal });
    return this.reading;
  }

  /** Nothing before this log file is needed any more: what the server has removed of it is removed. */
  release(version: number): void {
    this.log.release(version);
  }

  /**
   * Yields what waits after the last transaction that was {@link read}: at once, and whenever that may have changed, several times a
   * second. Ends with an error only.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<WaitingTransactions, void> {
    if (this.reading === undefined) return;
    let { tail } = this.reading;
    let waiting: WaitingTransactions = { transactions: 0, bytes: 0 };
    for (;;) {
      this.pinner.check();
      const startedAt = performance.now();
      const reader = new TransactionReader(this.log, {
        from: tail.end,
        preceding: tail.last,
        signal,
        windowBytes: WATCH_WINDOW_BYTES,
      });
      for await (const { sizeBytes } of reader) {
        waiting = { transactions: waiting.transactions + 1, bytes: waiting.bytes + sizeBytes };
      }
      tail = reader.tail;
      yield waiting;
      // A large transaction in the making is read from its beginning each time.
      const isGrowing = waiting.transactions > 0 || tail.state === 'unfinished';
      if (isGrowing) await sleep(Math.max(LOOK_MS, performance.now() - startedAt), signal);
      else await this.pinner.waitForChange(signal);
    }
  }

  /** The position of the newest check point: call it before the end of the log is read. */
  newestCheckPoint(): LogPosition | undefined {
    return readLastCheckPoint(this.place.logDirectory)?.position;
  }

  /**
   * Verifies that the log that was read is whole: no file was missed, and it reaches the newest check point that had been written before.
   * @throws GraphkeepError `log.gap`
   */
  requireWholeLog(end: LogPosition, checkPoint: LogPosition | undefined): void {
    this.pinner.check();
    const highest = listLogVersions(this.place.logDirectory).at(-1);
    if (highest !== undefined && this.log.highest !== undefined && highest > this.log.highest) this.log.pin();
    if (checkPoint !== undefined && this.isBehind(end, checkPoint)) {
      throw new GraphkeepError('log.gap', 'the log ends before the last check point of the server', {
        place: { file: this.place.logDirectory },
        observed: `file ${end.version}, offset ${end.offset}; check point: file ${checkPoint.version}, offset ${checkPoint.offset}`,
      });
    }
  }

  /**
   * False if the database was replaced since it was opened, by other directories or by other files in them.
   * @throws GraphkeepError `file.io` if it is gone
   */
  isSame(): boolean {
    return describeIdentity(this.place) === this.seen && this.log.holdsNewest();
  }

  /**
   * Files that were read one after the other, from a base on, have to be of one database, and of one life of its server.
   * @throws GraphkeepError `peer.other-store`
   */
  requireSame({ checkPoint }: LogBase): void {
    const isOtherServer = this.server !== undefined && this.findServer() !== this.server;
    const isOtherLife = isOtherServer || hasServerStopped(this.place.logDirectory, checkPoint);
    if (!isOtherLife && describeIdentity(this.place) === this.seen) return;
    throw new GraphkeepError(
      'peer.other-store',
      'the database was replaced, or its server restarted, while it was read',
      {
        place: this.errorPlace,
        hint: 'Run the command again.',
      },
    );
  }

  /** Waits until all that was read of the log is on the disk of the server. */
  async flush(): Promise<void> {
    await this.log.flush(this.log.lowest ?? 0);
  }

  close(): void {
    this.pinner.stop();
    this.log.close();
  }

  /** Positions that differ may be two names of one place. */
  private isBehind(end: LogPosition, checkPoint: LogPosition): boolean {
    return isBefore(end, checkPoint) && isBefore(lastNameOf(this.log, end), lastNameOf(this.log, checkPoint));
  }

  private findServer(): number | undefined {
    return findLockOwner(join(dirname(this.place.directory), 'store_lock'));
  }
}
