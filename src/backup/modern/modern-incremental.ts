import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { findContinuation, type NoContinuation } from '../../log/modern/continuation.ts';
import type { LoggedTransaction } from '../../log/modern/fields/logged-transaction.ts';
import { headOf, type TimelineHistory } from '../../repository/reading/database-history.ts';
import { RawSegmentLog } from '../../repository/writing/raw-segment-log.ts';
import type { RunningDatabase } from '../../source/modern-files/running-database.ts';
import { relateStores } from '../../store/files/store-id.ts';
import type { BackupEvent } from '../backup-events.ts';
import type { BackupOutcome } from '../full-backup.ts';
import { placeOfLog, type RepositoryRun } from '../target/repository/repository-run.ts';
import { TransactionProgress } from '../transaction-progress.ts';

/** The last transaction that is stored, and where it begins in the log of the server. */
export interface StoredHead {
  readonly id: number;
  readonly checksum: bigint;
  /** Undefined if a base ends with a transaction that was in no log any more. */
  readonly position: LogPosition | undefined;
}

/** `history` has a complete base. */
export function storedHead(history: TimelineHistory): StoredHead {
  const { id, checksum } = headOf(history)!;
  const run = history.chain.runs.find(({ last }) => last === id);
  const position = run?.segments.at(-1)?.names[0]?.position ?? history.bases.at(-1)!.consistentAt.position;
  return { id, checksum, position };
}

export interface ModernIncrementalOptions {
  readonly database: RunningDatabase;
  readonly run: RepositoryRun;
  readonly history: TimelineHistory;
  readonly head: StoredHead;
  readonly onEvent: (event: BackupEvent) => void;
}

/**
 * Adds the log after the last stored transaction, which is read again first: the log of a database that was restored or replaced has
 * another one in its place.
 * @throws GraphkeepError `peer.other-store`, `peer.diverged`, `peer.behind`, `peer.history-pruned` if a full backup is needed
 */
export async function makeModernIncremental(options: ModernIncrementalOptions): Promise<BackupOutcome> {
  const { database, run, history, head, onEvent } = options;
  requireSameStore(options);
  const checkPoint = database.newestCheckPoint();
  const { from, preceding } = await findStart(options);
  const progress = new TransactionProgress(onEvent);
  progress.begin(head.id + 1);
  const reader = database.read(from, preceding, run.signal);
  let log: RawSegmentLog | undefined;
  let count = 0;
  const open = async (): Promise<RawSegmentLog> =>
    new RawSegmentLog({
      ...(await placeOfLog(run, history.timeline.id)),
      source: database.log,
      from,
      crossesFiles: database.header(from.version)?.envelopes !== undefined,
      flush: () => database.flush(),
    });
  try {
    for await (const transaction of reader) {
      log ??= await open();
      await log.add(transaction);
      progress.advance({ transactions: ++count, bytes: log.bytes, last: transaction.id });
    }
  } catch (error) {
    log?.abandon();
    throw error;
  }
  database.requireWholeLog(reader.tail.end, checkPoint);
  await log?.finish();
  progress.end({ count, first: undefined, last: undefined, bytes: log?.bytes ?? 0 }, head.id + count);
  const first = head.id + (count === 0 ? 0 : 1);
  const last = head.id + count;
  const kind = count === 0 ? ('unchanged' as const) : ('incremental' as const);
  return { kind, firstTransaction: first, lastTransaction: last, bytes: log?.bytes ?? 0, files: count === 0 ? 0 : 1 };
}

/** Where the log goes on after what is stored. */
async function findStart(options: ModernIncrementalOptions): Promise<{ from: LogPosition; preceding: { id: number } }> {
  const { database, run, head } = options;
  const { id, checksum, position: start } = head;
  if (start === undefined) return { from: beginningOf(database), preceding: { id } };
  const known = { id, checksum: Number(checksum), start };
  const found = await findContinuation(database.log, known, run.signal);
  if (typeof found === 'string') throw notContinued(found, known, database);
  database.release(start.version);
  return { from: found.end, preceding: found };
}

function beginningOf(database: RunningDatabase): LogPosition {
  const { lowest = 0 } = database.log;
  return { version: lowest, offset: database.header(lowest)?.dataStart ?? 0 };
}

function requireSameStore({ database, history }: ModernIncrementalOptions): void {
  const header = database.header(database.log.highest ?? 0);
  if (header === undefined) return;
  const { id, format } = database.identityOf(header);
  if (relateStores(id, history.timeline.store) === 'same') return;
  throw new GraphkeepError('peer.other-store', 'the backup is of another database than the one of the server', {
    place: database.errorPlace,
    observed: `format ${format}`,
  });
}

function notContinued(
  why: NoContinuation,
  { id, start: { version } }: Pick<LoggedTransaction, 'id' | 'start'>,
  { log, place, errorPlace }: RunningDatabase,
): GraphkeepError {
  switch (why) {
    case 'pruned':
      return new GraphkeepError('peer.history-pruned', `the log does not reach back to transaction ${id} any more`, {
        place: { file: place.logDirectory },
        observed: `the oldest log file is ${log.lowest}, transaction ${id} was in file ${version}`,
      });
    case 'forked':
      return new GraphkeepError('peer.diverged', `transaction ${id} of the database is not the one of this backup`, {
        place: errorPlace,
      });
    case 'behind':
      return new GraphkeepError(
        'peer.behind',
        `the database does not have transaction ${id}, the last one of this backup`,
        { place: errorPlace },
      );
    default:
      return why satisfies never;
  }
}
