import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { entryFormOfByte } from '../../log/v3/entries/entry-types.ts';
import { beginningOf, readLogHeader } from '../../log/v3/log-header.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import type { LogTransaction } from '../../log/v3/log-transaction.ts';
import { inPresentForm } from '../../log/v3/transaction-codec.ts';
import { inPieces } from '../../log/v3/transaction-pieces.ts';
import type { ServedTransaction, ServedTransactions } from './served-database.ts';
import type { KnownPlace, TransactionPlaces } from './transaction-places.ts';

/** Other connections get a turn after this many bytes of skipped log. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/** Transactions of a log, from the one after {@link after} to {@link through}. */
export interface LogRange {
  after: number;
  through: number;
}

interface TransactionBytes extends ServedTransaction {
  readonly bytes: Buffer;
}

/** No transactions at all. */
export function noTransactions(): ServedTransactions {
  const none = async function* () {};
  return { close: () => {}, each: none, [Symbol.asyncIterator]: none };
}

/** Yields the transactions of `range`, the first of which begins at `from`, and closes the files of `log`. */
export class LogTransactions implements ServedTransactions {
  private readonly log: LogFileSet;
  private readonly from: LogPosition;
  private readonly range: LogRange;
  private readonly places: TransactionPlaces | undefined;
  private isClosed = false;

  constructor(log: LogFileSet, from: LogPosition, range: LogRange, places?: TransactionPlaces) {
    this.log = log;
    this.from = from;
    this.range = range;
    this.places = places;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.log.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    yield* inPieces(this.bytes());
  }

  async *each(): AsyncGenerator<ServedTransaction, void> {
    yield* this.read();
  }

  private *bytes(): Generator<Buffer, void> {
    for (const { bytes } of this.read()) yield bytes;
  }

  private *read(): Generator<TransactionBytes, void> {
    const { after, through } = this.range;
    const reader = new LogReader(this.log, { from: this.from, lastTransaction: after });
    for (let last = after; last < through; ) {
      const item = reader.next();
      if (item === undefined) throw endsTooEarly(this.log, last, through);
      if (item.kind !== 'transaction') continue;
      last = item.transactionId;
      yield { transactionId: item.transactionId, bytes: inPresentForm(item.bytes) };
    }
    this.places?.note({ transaction: through, end: reader.position });
  }
}

/**
 * The transactions of `range` from the log in `directory`. Opens everything needed synchronously, so that nothing of it can be pruned in
 * between.
 *
 * @throws GraphkeepError `serve.history-pruned`
 */
export async function openLogRange(
  directory: string,
  range: LogRange,
  places: TransactionPlaces,
  signal: AbortSignal,
): Promise<ServedTransactions> {
  if (range.after >= range.through) return noTransactions();
  const log = new LogFileSet(directory);
  try {
    const from = await findTransaction(log, range, places, signal);
    requireServable(log, from, range);
    return new LogTransactions(log, from, range, places);
  } catch (error) {
    log.close();
    throw error;
  }
}

/**
 * Finds where the transaction after `after` begins in the log. Since a newer transaction exists, it is either there or in no log any more.
 * Looks at headers and at places known from before, then reads on from the nearest.
 *
 * @throws GraphkeepError `serve.history-pruned`
 */
export async function findTransaction(
  log: LogFileSet,
  { after, through }: LogRange,
  places: TransactionPlaces,
  signal: AbortSignal,
): Promise<LogPosition> {
  const from = nearestPlace(log, after, places);
  if (from === undefined) throw pruned(after);
  if (from.transaction === after) return from.end;
  const reader = new LogReader(log, {
    from: from.end,
    ...(from.transaction === undefined ? {} : { lastTransaction: from.transaction }),
  });
  let skipped = 0;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    if (item.transactionId > after + 1) throw pruned(after);
    if (item.transactionId === after + 1) return { version: item.version, offset: item.startOffset };
    skipped += item.endOffset - item.startOffset;
    if (skipped < BYTES_PER_TURN) continue;
    skipped = 0;
    places.note(endOf(item));
    await setImmediate();
    throwIfCancelled(signal);
  }
  throw endsTooEarly(log, reader.lastTransaction ?? after, through);
}

/**
 * Servers before 3.3 wrote other entries (spec transaction-logs 2), which no client accepts. If only the version differs, they are
 * rewritten, as a server does when it sends them. Entries of 2.3 lack what a client needs, so they count as pruned. Old entries precede all
 * others, so checking the first transaction of a range is enough.
 */
function requireServable(log: LogFileSet, from: LogPosition, { after }: LogRange): void {
  const reader = new LogReader(log, { from, lastTransaction: after });
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    const form = entryFormOfByte(item.bytes[0]!);
    if (form?.afterImageOnly !== true) return;
    throw new GraphkeepError(
      'serve.history-pruned',
      `transaction ${after + 1} was written by a server of 2.3, in a form that no client takes`,
      { observed: `entry version ${form.version}` },
    );
  }
}

function endOf(item: LogTransaction): KnownPlace {
  return { transaction: item.transactionId, end: { version: item.version, offset: item.endOffset } };
}

/** A place at or before the end of transaction `after`; without a transaction number if the file's header does not give it. */
function nearestPlace(
  log: LogFileSet,
  after: number,
  places: TransactionPlaces,
): { transaction: number | undefined; end: LogPosition } | undefined {
  const file = newestFileBefore(log, after);
  if (file === undefined) return undefined;
  const known = places.nearest(after);
  const isNearer = known !== undefined && known.end.version >= file.version;
  return isNearer ? known : { transaction: undefined, end: beginningOf(file.version) };
}

/** The newest file that begins after a transaction not later than `after`; opens it and all newer ones, so that they stay. */
function newestFileBefore(log: LogFileSet, after: number): { version: number } | undefined {
  const { lowest, highest } = log;
  if (lowest === undefined || highest === undefined) return undefined;
  for (let version = highest; version >= lowest; version--) {
    const header = readLogHeader(log, version);
    if (header !== undefined && header.previousTransaction <= after) return { version };
    // The newest file may not have a header yet; an older one without a header was pruned while we looked.
    if (header === undefined && version !== highest) return undefined;
  }
  return undefined;
}

/** The error for a client that comes too late. */
function pruned(after: number): GraphkeepError {
  return new GraphkeepError('serve.history-pruned', `transaction ${after + 1} is in no transaction log any more`, {
    observed: after + 1,
  });
}

function endsTooEarly(log: LogFileSet, last: number, through: number): GraphkeepError {
  return new GraphkeepError('log.gap', `the log ends with transaction ${last}, but ${through} was committed`, {
    place: { file: log.directory },
    observed: last,
  });
}
