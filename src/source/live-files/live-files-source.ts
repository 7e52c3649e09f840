import { throwIfCancelled } from '../../base/cancellation.ts';
import type { ErrorPlace } from '../../base/errors.ts';
import { findGenericVersion } from '../../replay/derived/index-rebuild.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import type { StoreId, StoreIdentity } from '../../store/files/store-id.ts';
import type {
  BackupSource,
  CopyReceiver,
  HistoryTail,
  StoreIdReceiver,
  TransactionReceiver,
  WaitingTransactions,
} from '../backup-source.ts';
import { requireTransactionId, SourceCalls } from '../source-calls.ts';
import { type CountsFile, deliverCounts, findStartWithCounts } from './live-counts.ts';
import { type DatabasePlace, LiveDatabase } from './live-database.ts';
import { copyLiveFile, type LiveCopying, type LiveTask, runTasks } from './live-file-copy.ts';
import { type LiveFiles, listLiveFiles, listLiveIndex } from './live-file-list.ts';
import { copyExplicitIndex } from './live-index-folder.ts';
import { LiveLog } from './live-log.ts';
import { copySchemaIndex } from './live-schema-index.ts';
import { copyLiveTree } from './live-tree-copy.ts';
import { RateLimit } from './rate-limit.ts';

export interface LiveFilesOptions extends DatabasePlace {
  /** Most bytes per second that are read of store files. Default: no limit. */
  bytesPerSecond?: number | undefined;
}

/** A database and its log, opened together: once the log is open, nothing of it can be lost. */
interface OpenDatabase {
  database: LiveDatabase;
  log: LiveLog;
}

/**
 * A database in its own directory, which a server may be writing at the same time. The server is not asked, and nothing of its own is
 * written or locked. Why the copy is right: spec transaction-logs 10. In short:
 *
 *   1. open every log file, and find the last check point C in them: what is before C is in the store files
 *   2. read the store files, in any order, while they change
 *   3. read the log from C to its end: whatever was too old, too new or torn in 2 is the target of a command in it
 */
export class LiveFilesSource implements BackupSource {
  readonly isRightProtocol = true;
  readonly place: ErrorPlace;
  /** Set if the log stays open between calls. */
  readonly tail: HistoryTail | undefined;
  private readonly options: LiveFilesOptions;
  private readonly calls = new SourceCalls();
  /** What the last call has left open. */
  private kept: OpenDatabase | undefined;

  /**
   * `follows`: the log stays open between calls, so that the server cannot remove what the next call needs, and {@link tail} sees what is
   * new. Of a log that was removed, the disk is free again after the next call.
   */
  constructor(options: LiveFilesOptions, { follows = false }: { follows?: boolean } = {}) {
    this.options = options;
    this.place = { file: options.directory };
    this.tail = follows ? { watch: (signal) => this.watch(signal) } : undefined;
  }

  fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreIdentity }> {
    // The log of an earlier call may not reach back to the check point any more.
    this.release();
    return this.withLog(signal, async ({ database, log }, running) => {
      const { directory } = this.options;
      const { start, counts } = findStartWithCounts(directory, log);
      const copying = { rate: new RateLimit(this.options.bytesPerSecond), signal: running };
      const files = listLiveFiles(directory, formatByVersion(database.storeId.storeVersion));
      const genericVersion = findGenericVersion(directory);
      if (genericVersion !== undefined) receiver.genericIndexes?.(genericVersion);
      await copyFiles(files, { counts, directory }, receiver, copying);
      database.requireSame();
      await log.deliver(start, receiver, running);
      return database.storeId;
    });
  }

  async transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreIdentity }> {
    requireTransactionId(lastTransactionId);
    const { kept } = this;
    if (kept !== undefined && !(kept.database.isSame() && kept.log.reachesBackTo(lastTransactionId))) this.release();
    return await this.withLog(signal, async ({ database, log }, running) => {
      receiver.storeId(database.storeId);
      const start = await log.findTransaction(lastTransactionId, running);
      if (start !== undefined) {
        receiver.transactionsFrom?.(lastTransactionId + 1);
        await log.deliver(start, receiver, running);
      }
      return database.storeId;
    });
  }

  async close(): Promise<void> {
    await this.calls.close();
    this.release();
  }

  private withLog(
    signal: AbortSignal,
    use: (live: OpenDatabase, signal: AbortSignal) => Promise<StoreId>,
  ): Promise<{ storeId: StoreIdentity }> {
    return this.calls.run(signal, async (running) => {
      throwIfCancelled(running);
      this.kept ??= await this.open();
      let isDone = false;
      try {
        const storeId = await use(this.kept, running);
        this.kept.database.requireSame();
        isDone = true;
        return { storeId };
      } finally {
        if (!isDone || this.tail === undefined) this.release();
      }
    });
  }

  private async open(): Promise<OpenDatabase> {
    const database = await LiveDatabase.open(this.options);
    return { database, log: new LiveLog(this.options.logDirectory, this.place) };
  }

  private release(): void {
    this.kept?.log.close();
    this.kept = undefined;
  }

  private async *watch(signal: AbortSignal): AsyncGenerator<WaitingTransactions, void> {
    const { kept } = this;
    if (kept === undefined) return;
    for await (const waiting of kept.log.watch(signal)) {
      kept.database.requireSame();
      yield waiting;
    }
  }
}

/** Copies everything but the log; `neostore` last. */
async function copyFiles(
  { records, metadata, indexFolders, derived }: LiveFiles,
  { counts, directory }: { counts: CountsFile | undefined; directory: string },
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<void> {
  const { labelScan, indexes } = derived;
  const tasks: LiveTask[] = records.map((file) => (how) => copyLiveFile(file, receiver, how));
  // With explicit indexes a server may have to replay the log, and these must then be as of its check point.
  if (indexFolders.length === 0) {
    if (labelScan !== undefined) tasks.push((how) => copyLiveTree(labelScan, receiver, how));
    tasks.push(
      ...indexes.map(
        (index): LiveTask =>
          (how) =>
            copySchemaIndex(index, () => listLiveIndex(directory, index.rule), receiver, how),
      ),
    );
  }
  await runTasks(tasks, copying);
  if (counts !== undefined) await deliverCounts(counts, receiver);
  for (const folder of indexFolders) await copyExplicitIndex(folder, receiver, copying);
  await copyLiveFile(metadata, receiver, copying);
}
