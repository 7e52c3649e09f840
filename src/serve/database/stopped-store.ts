import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import { TransactionPlaces } from '../../log/v3/transaction-places.ts';
import { type DatabaseLock, lockDatabase } from '../../store/files/database-lock.ts';
import { type NeostoreMetadata, readMetadataIn, storeIdOf } from '../../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../store/files/store-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { formatStoreId, type StoreId } from '../../store/files/store-id.ts';
import { requireSupportedStore } from '../../store/files/supported-store.ts';
import { noTransactions, openLogRange } from './log-transactions.ts';
import type {
  CopyRequest,
  OpenedFile,
  ServedCopy,
  ServedDatabase,
  ServedPlace,
  ServedTransactions,
} from './served-database.ts';
import { type FoundFile, findServedFile, listServedFiles, readServedFile, requireReadable } from './served-files.ts';

export interface StoppedStoreOptions {
  /** The directory of the transaction logs; default: the store directory. */
  logDirectory?: string;
}

/** A store directory that no process works in: a database whose server is stopped, or a backup. */
export interface StoppedStore extends ServedDatabase, ServedPlace {
  /** Releases the lock of the directory. */
  close(): Promise<void>;
}

/**
 * Serves a store that was closed cleanly: its files as they are, and the transactions that its log still holds. Takes a shared lock on the
 * directory, so that other readers may use it but no server, restore or backup works in it meanwhile. A change that happens all the same is
 * detected and fails the copy.
 *
 * @throws GraphkeepError `directory.in-use`; `store.needs-recovery` if the log does not end with the check point of a clean shutdown; the
 * errors of {@link requireSupportedStore} if the store is incomplete or of another release
 */
export async function serveStore(directory: string, options: StoppedStoreOptions = {}): Promise<StoppedStore> {
  const logDirectory = options.logDirectory ?? directory;
  await requireSupportedStore(directory, 'change', logDirectory);
  const lock = await lockDatabase(directory, { shared: true });
  try {
    requireClosedCleanly(directory, logDirectory);
    const store = new LockedStore(directory, logDirectory, lock);
    await store.requireReadable();
    return store;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function requireClosedCleanly(directory: string, logDirectory: string): void {
  const { needed, position, transactions } = findRecoveryStart(logDirectory);
  if (!needed && position !== undefined) return;
  if (position === undefined) {
    throw new GraphkeepError('store.needs-recovery', 'without its transaction log nobody knows if the store is whole', {
      place: { file: logDirectory },
      hint: 'Put the log files beside the store, or start and stop the database once.',
    });
  }
  throw new GraphkeepError('store.needs-recovery', 'the store was not closed cleanly', {
    place: { file: directory },
    observed: `${transactions} transactions after the last check point`,
  });
}

/** How long a list of files is reused. */
const LISTED_MS = 5000;

class LockedStore implements StoppedStore {
  readonly storeId: StoreId;
  readonly description: string;
  private readonly directory: string;
  private readonly logDirectory: string;
  private readonly lock: DatabaseLock;
  private readonly metadata: NeostoreMetadata;
  private readonly places = new TransactionPlaces();
  private listed: { files: FoundFile[]; logs: boolean; untilMs: number } | undefined;

  constructor(directory: string, logDirectory: string, lock: DatabaseLock) {
    this.directory = directory;
    this.logDirectory = logDirectory;
    this.lock = lock;
    this.metadata = this.readMetadata();
    this.storeId = storeIdOf(this.metadata);
    this.description = `${directory}, closed at transaction ${this.lastTransaction}, ${formatStoreId(this.storeId)}`;
  }

  /** Reports files that could not be sent before any client comes. */
  async requireReadable(): Promise<void> {
    for (const file of this.list({ logs: true })) await requireReadable(file);
  }

  async current(): Promise<ServedDatabase> {
    return this;
  }

  get lastTransaction(): number {
    return this.metadata.lastTransactionId;
  }

  async openFullCopy(_signal: AbortSignal, request: CopyRequest = { logs: false }): Promise<ServedCopy> {
    this.requireUnchanged();
    return {
      lastTransaction: this.lastTransaction,
      files: this.list(request),
      holdsCheckPoints: false,
      isStill: true,
      letFilesMove: () => {},
      readFile: (file, signal) => readServedFile(file as FoundFile, signal),
      openTransactions: async () => {
        this.requireUnchanged();
        return noTransactions();
      },
      close: () => {},
    };
  }

  async openTransactions(after: number, signal: AbortSignal): Promise<ServedTransactions> {
    this.requireUnchanged();
    return await openLogRange(this.logDirectory, { after, through: this.lastTransaction }, this.places, signal);
  }

  /** The check point of the shutdown covers the whole log. */
  hasReached(transaction: number): boolean {
    return transaction <= this.lastTransaction;
  }

  async openFile(name: string): Promise<OpenedFile> {
    this.requireUnchanged();
    const file = findServedFile(this.list({ logs: false }), name);
    return { ...file, read: (signal) => readServedFile(file, signal), holdsCheckPoints: false, close: () => {} };
  }

  close(): Promise<void> {
    return this.lock.release();
  }

  /** Cached for some seconds: a client may request one file after the other, and each is compared with the list when it is opened. */
  private list(request: CopyRequest): FoundFile[] {
    const now = performance.now();
    if (this.listed === undefined || this.listed.logs !== request.logs || now > this.listed.untilMs) {
      const files = listServedFiles(this.directory, formatByVersion(this.metadata.storeVersion), request);
      this.listed = { files, logs: request.logs, untilMs: now + LISTED_MS };
    }
    return this.listed.files;
  }

  private readMetadata(): NeostoreMetadata {
    return readMetadataIn(this.directory);
  }

  private requireUnchanged(): void {
    const now = this.readMetadata();
    const keys = Object.keys(now) as (keyof NeostoreMetadata)[];
    const changed = keys.find((key) => now[key] !== this.metadata[key]);
    if (changed === undefined) return;
    throw new GraphkeepError('serve.changed', 'another program worked in the store while it was served', {
      place: { file: join(this.directory, METADATA_FILE) },
      observed: `${changed} ${now[changed]} instead of ${this.metadata[changed]}`,
    });
  }
}
