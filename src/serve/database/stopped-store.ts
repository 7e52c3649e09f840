import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import { type DatabaseLock, lockDatabase } from '../../store/files/database-lock.ts';
import { type NeostoreMetadata, readMetadataIn, storeIdOf } from '../../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../store/files/store-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { formatStoreId, type StoreId } from '../../store/files/store-id.ts';
import { requireSupportedStore } from '../../store/files/supported-store.ts';
import { noTransactions, openLogRange } from './log-transactions.ts';
import type { CopyRequest, OpenedFile, ServedCopy, ServedDatabase, ServedTransactions } from './served-database.ts';
import { type FoundFile, findServedFile, listServedFiles, readServedFile, requireReadable } from './served-files.ts';
import { TransactionPlaces } from './transaction-places.ts';

export interface StoppedStoreOptions {
  /** Where the transaction logs are; default: in the store directory. */
  logDirectory?: string;
}

/** A store directory that nobody works in: a database whose server is stopped, or a backup. */
export interface StoppedStore extends ServedDatabase {
  /** Gives the lock of the directory back. */
  close(): Promise<void>;
}

/**
 * Serves a store that was closed cleanly: its files as they are, and from its log what the log still holds. The directory is locked,
 * shared with others who serve it or read it, so that no server, restore or backup works in it meanwhile; what changes
 * nevertheless is noticed and costs the copy.
 *
 * @throws GraphkeepError `directory.in-use`; `store.needs-recovery` for a store whose log does not end with the check point of a clean
 * shutdown; what {@link requireSupportedStore} throws for one that is not whole or of another release
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
    observed: `${transactions} transactions behind the last check point`,
  });
}

/** How long a list of files is used again. */
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

  /** What could not be sent to a client is told before one comes. */
  async requireReadable(): Promise<void> {
    for (const file of this.list({ logs: true })) await requireReadable(file);
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
      openTransactions: () => {
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

  /** The whole log is covered by the check point of the shutdown. */
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

  /** Kept for some seconds: a client may ask for one file after the other, and each is compared with the list when it is opened. */
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
