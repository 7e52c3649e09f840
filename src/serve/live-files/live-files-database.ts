import { hasCode } from '../../base/errors.ts';
import { listLogFiles } from '../../log/log-files.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { LogEnd } from '../../log/v3/log-end.ts';
import { BASE_TRANSACTION } from '../../log/v3/log-header.ts';
import { TransactionPlaces } from '../../log/v3/transaction-places.ts';
import type { DatabasePlace, LiveDatabase } from '../../source/live-files/live-database.ts';
import { readMetadataIn } from '../../store/files/neostore-metadata.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { formatStoreId, type StoreId } from '../../store/files/store-id.ts';
import { openLogRange } from '../database/log-transactions.ts';
import type {
  CopyRequest,
  OpenedFile,
  ServedCopy,
  ServedDatabase,
  ServedTransactions,
} from '../database/served-database.ts';
import { type FoundFile, findServedFile, inOrder, listServedFiles, readMovingFile } from '../database/served-files.ts';
import { LiveFilesCopy } from './live-files-copy.ts';
import { inWholeRecords, isReadLive, LiveSnapshot, requireSame } from './live-snapshot.ts';
import { PinnedLog } from './pinned-log.ts';
import { SharedSnapshots } from './shared-snapshots.ts';
import type { Spool } from './spool.ts';

/** A server may prune a log file between its listing and its opening; after this many such losses in a row something else is wrong. */
const LOOKS = 5;

/** A database that a server writes, for as long as it is the same one. */
export class LiveFilesDatabase {
  readonly place: DatabasePlace;
  readonly database: LiveDatabase;
  readonly places = new TransactionPlaces();
  readonly end = new LogEnd(this.places);
  readonly snapshots: SharedSnapshots;
  /** The newest check point that was found in the log; as on a real server, none is known at first. */
  reached = 0;
  private isReaching = false;

  constructor(place: DatabasePlace, database: LiveDatabase, spool: Spool) {
    this.place = place;
    this.database = database;
    const { end } = this;
    const pinLog = (signal: AbortSignal) => this.pinLog(signal);
    this.snapshots = new SharedSnapshots((signal) =>
      LiveSnapshot.make({ place, database, end, pinLog, spool, signal }),
    );
  }

  /** The database as it is now, for one request. */
  async look(signal: AbortSignal): Promise<ServedDatabase> {
    return new LiveFilesView(this, await this.readLastTransaction(signal));
  }

  /** The log from its last check point on, for the caller to close. */
  pinLog(signal: AbortSignal): Promise<PinnedLog> {
    return PinnedLog.open(this.place.logDirectory, this.end, () => this.readStoredLast(), signal);
  }

  /** Finds the newest check point in the background. */
  reach(): void {
    if (this.isReaching) return;
    this.isReaching = true;
    this.pinLog(new AbortController().signal)
      .then((log) => {
        this.reached = Math.max(this.reached, log.start.transaction);
        log.close();
      })
      // The client asks again, or goes away.
      .catch(() => {})
      .finally(() => {
        this.isReaching = false;
      });
  }

  /** For a log without transactions that does not say which one came before, as the Java client writes it (spec transaction-logs 9). */
  readStoredLast(): number {
    return readMetadataIn(this.place.directory).lastTransactionId;
  }

  private async readLastTransaction(signal: AbortSignal): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const files = new LogFileSet(this.place.logDirectory);
      try {
        const { lastTransaction } = await this.end.look(files, signal);
        return lastTransaction > BASE_TRANSACTION ? lastTransaction : this.readStoredLast();
      } catch (error) {
        if (attempt === LOOKS || !hasCode(error, 'log.gap')) throw error;
      } finally {
        files.close();
      }
    }
  }
}

class LiveFilesView implements ServedDatabase {
  readonly lastTransaction: number;
  private readonly known: LiveFilesDatabase;

  constructor(known: LiveFilesDatabase, lastTransaction: number) {
    this.known = known;
    this.lastTransaction = lastTransaction;
  }

  get storeId(): StoreId {
    return this.known.database.storeId;
  }

  get description(): string {
    const { place } = this.known;
    return `${place.directory}, read while a server works in it, at transaction ${this.lastTransaction}, ${formatStoreId(this.storeId)}`;
  }

  async openFullCopy(signal: AbortSignal, request: CopyRequest = { logs: false }): Promise<ServedCopy> {
    const { known } = this;
    const snapshot = await known.snapshots.get(signal);
    known.reached = Math.max(known.reached, snapshot.log.start.transaction);
    try {
      const logs = request.logs ? listLogs(known.place.logDirectory) : [];
      return new LiveFilesCopy(known, snapshot, inOrder([...logs, ...snapshot.files]), signal);
    } catch (error) {
      snapshot.close();
      throw error;
    }
  }

  async openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions> {
    const { place, database, places, end, snapshots } = this.known;
    const range = { after, through: this.lastTransaction };
    const kept = snapshots.open.find(({ log }) => log.reachesBackTo <= after)?.log;
    await kept?.lookAtEnd(end, signal);
    const transactions = await openLogRange(kept?.share() ?? place.logDirectory, range, places, signal);
    try {
      requireSame(database);
      return transactions;
    } catch (error) {
      transactions.close();
      throw error;
    }
  }

  hasReached(transaction: number): boolean {
    if (transaction <= this.known.reached) return true;
    // A check point in the log cannot cover what the log does not hold.
    if (transaction <= this.lastTransaction) this.known.reach();
    return false;
  }

  /** What replay cannot repair comes from a snapshot; the newest one there is, which no client has a newer check point than. */
  async openFile(name: string, signal: AbortSignal): Promise<OpenedFile> {
    const { place, database, snapshots } = this.known;
    requireSame(database);
    const format = formatByVersion(database.storeId.storeVersion);
    const file = inWholeRecords(findServedFile(listServedFiles(place.directory, format, { logs: false }), name));
    const newest = snapshots.open.at(-1);
    const spooled = newest?.findSpooled(file.name);
    if (newest !== undefined && spooled !== undefined) {
      newest.use();
      return openSpooled(newest, spooled);
    }
    if (isReadLive(file)) {
      return { ...file, read: (until) => readMovingFile(file, until), holdsCheckPoints: false, close: () => {} };
    }
    const snapshot = await snapshots.get(signal);
    try {
      return openSpooled(snapshot, findServedFile(snapshot.files, name) as FoundFile);
    } catch (error) {
      snapshot.close();
      throw error;
    }
  }
}

function openSpooled(snapshot: LiveSnapshot, file: FoundFile): OpenedFile {
  let isOpen = true;
  const close = (): void => {
    if (isOpen) snapshot.close();
    isOpen = false;
  };
  return { ...file, read: (until) => snapshot.read(file, until), holdsCheckPoints: false, close };
}

function listLogs(directory: string): FoundFile[] {
  return listLogFiles(directory).files.map(({ path, sizeBytes }) => ({
    name: path.slice(directory.length + 1),
    path,
    alignment: 1,
    sizeBytes,
    inode: 0,
    modifiedMs: 0,
  }));
}
