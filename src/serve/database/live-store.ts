import { join } from 'node:path';
import { onePiece } from '../../base/one-piece.ts';
import { readRegularFile } from '../../base/regular-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { TransactionPlaces } from '../../log/v3/transaction-places.ts';
import { decodeMetadata } from '../../store/files/neostore-metadata.ts';
import { classifyDatabaseFile, METADATA_FILE } from '../../store/files/store-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { formatStoreId, type StoreId } from '../../store/files/store-id.ts';
import { LogTransactions, openLogRange } from './log-transactions.ts';
import type {
  CopyRequest,
  OpenedFile,
  ServedCopy,
  ServedDatabase,
  ServedPlace,
  ServedTransactions,
} from './served-database.ts';
import { type FoundFile, findServedFile, listServedFiles, readMovingFile, readServedFile } from './served-files.ts';

/** A check point; no further one runs until it is released. */
export interface HeldCheckPoint {
  /** The store files hold every transaction up to this one. */
  readonly lastTransaction: number;
  /** Where the next transaction begins, or will begin, in the log. */
  readonly position: LogPosition;
  release(): void;
}

/** What a running database must offer to be served; `EmbeddedDatabase` implements it. */
export interface LiveDatabase {
  readonly directory: string;
  readonly storeId: StoreId;
  /** Last durable transaction. */
  readonly lastTransaction: number;
  /**
   * Makes a check point (or joins one that is held), then prevents further ones until released: the store files do not change meanwhile.
   */
  holdCheckPoints(signal?: AbortSignal): Promise<HeldCheckPoint>;
  /** Keeps log files from this version on from being pruned until the returned function is called. */
  keepLog(version: number): () => void;
}

/**
 * Serves a database while it commits. A full copy holds check points while it reads the files. New transactions go only to the log, from
 * which they are served, up to the last one that was durable when the last file was read. Log files stay readable through their
 * descriptors, whatever is pruned meanwhile.
 */
export function serveEmbedded(database: LiveDatabase): ServedDatabase & ServedPlace {
  return new LiveStore(database);
}

class LiveStore implements ServedDatabase, ServedPlace {
  private readonly database: LiveDatabase;
  private readonly places = new TransactionPlaces();
  /** Newest check point made for a copy; as on a real server, none is known at first. */
  private reached = 0;
  private isReaching = false;

  constructor(database: LiveDatabase) {
    this.database = database;
  }

  async current(): Promise<ServedDatabase> {
    return this;
  }

  get storeId(): StoreId {
    return this.database.storeId;
  }

  get description(): string {
    const { directory, lastTransaction, storeId } = this.database;
    return `${directory}, running, at transaction ${lastTransaction}, ${formatStoreId(storeId)}`;
  }

  get lastTransaction(): number {
    return this.database.lastTransaction;
  }

  async openFullCopy(signal: AbortSignal, request: CopyRequest = { logs: false }): Promise<LiveCopy> {
    const held = await this.database.holdCheckPoints(signal);
    this.reached = Math.max(this.reached, held.lastTransaction);
    try {
      return new LiveCopy(this.database, held, request);
    } catch (error) {
      held.release();
      throw error;
    }
  }

  async openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions> {
    const { directory, lastTransaction: through } = this.database;
    return await openLogRange(directory, { after, through }, this.places, signal);
  }

  hasReached(transaction: number): boolean {
    if (transaction <= this.reached) return true;
    void this.reach();
    return false;
  }

  private async reach(): Promise<void> {
    if (this.isReaching) return;
    this.isReaching = true;
    try {
      const held = await this.database.holdCheckPoints();
      this.reached = Math.max(this.reached, held.lastTransaction);
      held.release();
    } catch {
      // The database has reported it; the client asks again, or goes away.
    } finally {
      this.isReaching = false;
    }
  }

  async openFile(name: string, signal: AbortSignal): Promise<OpenedFile> {
    const { directory } = this.database;
    const path = join(directory, METADATA_FILE);
    const { storeVersion } = decodeMetadata(readRegularFile(path), path);
    const file = findServedFile(listServedFiles(directory, formatByVersion(storeVersion), { logs: false }), name);
    if (isRepairedByReplay(file)) {
      return { ...file, read: (until) => readMovingFile(file, until), holdsCheckPoints: false, close: () => {} };
    }
    const copy = await this.openFullCopy(signal);
    try {
      const still = findServedFile(copy.files, name);
      return {
        ...still,
        read: (until) => copy.readFile(still, until),
        holdsCheckPoints: true,
        close: () => copy.close(),
      };
    } catch (error) {
      copy.close();
      throw error;
    }
  }
}

/**
 * A check point writes whole records in place, of transactions that are in the log; replay writes the same ones again. Counts, label scan
 * store and indexes are files whose parts belong together: a mixture of two check points is unusable.
 */
function isRepairedByReplay(file: FoundFile): boolean {
  return ['record-store', 'metadata'].includes(classifyDatabaseFile(file.name));
}

class LiveCopy implements ServedCopy {
  readonly files: readonly FoundFile[];
  readonly holdsCheckPoints = true;
  /** The first state of the metadata store: its log version changes with every rotation, even while check points are held. */
  private readonly metadata: Buffer;
  private readonly database: LiveDatabase;
  private readonly held: HeldCheckPoint;
  private isHolding = true;
  private dropLog: (() => void) | undefined;
  private transactions: ServedTransactions | undefined;

  constructor(database: LiveDatabase, held: HeldCheckPoint, request: CopyRequest) {
    this.database = database;
    this.held = held;
    const path = join(database.directory, METADATA_FILE);
    this.metadata = readRegularFile(path);
    const { storeVersion } = decodeMetadata(this.metadata, path);
    const files = listServedFiles(database.directory, formatByVersion(storeVersion), request);
    const sizeBytes = this.metadata.length;
    this.files = files.map((file) => (file.name === METADATA_FILE ? { ...file, sizeBytes } : file));
  }

  get lastTransaction(): number {
    return this.held.lastTransaction;
  }

  get isStill(): boolean {
    return this.isHolding;
  }

  readFile(file: FoundFile, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return file.name === METADATA_FILE ? onePiece(this.metadata) : readServedFile(file, signal);
  }

  /** Opens the log and only then allows check points, and pruning, again. Does not wait, so the log ends at or after `through`. */
  async openTransactions(): Promise<ServedTransactions> {
    const { lastTransaction: after, position } = this.held;
    const range = { after, through: this.database.lastTransaction };
    const log = new LogFileSet(this.database.directory);
    log.release(position.version);
    log.pin();
    this.transactions = new LogTransactions(log, position, range);
    this.release();
    return this.transactions;
  }

  /** The last transaction in the files may be at the end of the log file before the current one. */
  letFilesMove(): void {
    if (!this.isHolding) return;
    this.dropLog = this.database.keepLog(Math.max(0, this.held.position.version - 1));
    this.release();
  }

  close(): void {
    this.transactions?.close();
    this.dropLog?.();
    this.release();
  }

  private release(): void {
    if (!this.isHolding) return;
    this.isHolding = false;
    this.held.release();
  }
}
