import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { LogFileSet, type LogSource } from '../../log/log-source.ts';
import { entryFormOfByte } from '../../log/v3/entries/entry-types.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import { inPresentForm } from '../../log/v3/transaction-codec.ts';
import { inPieces } from '../../log/v3/transaction-pieces.ts';
import type { TransactionPlaces } from '../../log/v3/transaction-places.ts';
import { findTransactionAfter } from '../../log/v3/transaction-search.ts';
import type { ServedTransaction, ServedTransactions } from './served-database.ts';

/** Log files that are open for one reader. */
export interface OpenLog extends LogSource {
  readonly directory: string;
  close(): void;
}

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

/** Yields the transactions of `range`, the first of which begins at `from`, and closes `log`. */
export class LogTransactions implements ServedTransactions {
  private readonly log: OpenLog;
  private readonly from: LogPosition;
  private readonly range: LogRange;
  private readonly places: TransactionPlaces | undefined;
  private isClosed = false;

  constructor(log: OpenLog, from: LogPosition, range: LogRange, places?: TransactionPlaces) {
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
 * The transactions of `range` from a log, which is closed with them, or from the one in a directory. Opens everything needed synchronously,
 * so that nothing of it can be pruned in between.
 *
 * @throws GraphkeepError `serve.history-pruned`
 */
export async function openLogRange(
  source: OpenLog | string,
  range: LogRange,
  places: TransactionPlaces,
  signal: AbortSignal,
): Promise<ServedTransactions> {
  const log = typeof source === 'string' ? new LogFileSet(source) : source;
  try {
    if (range.after >= range.through) {
      log.close();
      return noTransactions();
    }
    const from = await findTransaction(log, range, places, signal);
    requireServable(log, from, range);
    return new LogTransactions(log, from, range, places);
  } catch (error) {
    log.close();
    throw error;
  }
}

/**
 * Finds where the first transaction of `range` begins in the log. Since the last one exists, it is either there or in no log any more.
 *
 * @throws GraphkeepError `serve.history-pruned`
 */
export async function findTransaction(
  log: OpenLog,
  { after, through }: LogRange,
  places: TransactionPlaces,
  signal: AbortSignal,
): Promise<LogPosition> {
  const found = await findTransactionAfter(log, after, signal, places);
  if (found.kind === 'found') return found.begin;
  throw found.kind === 'pruned' ? pruned(after) : endsTooEarly(log, found.lastTransaction ?? after, through);
}

/**
 * Servers before 3.3 wrote other entries (spec transaction-logs 2), which no client accepts. If only the version differs, they are
 * rewritten, as a server does when it sends them. Entries of 2.3 lack what a client needs, so they count as pruned. Old entries precede all
 * others, so checking the first transaction of a range is enough.
 */
function requireServable(log: OpenLog, from: LogPosition, { after }: LogRange): void {
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

/** The error for a client that comes too late. */
function pruned(after: number): GraphkeepError {
  return new GraphkeepError('serve.history-pruned', `transaction ${after + 1} is in no transaction log any more`, {
    observed: after + 1,
  });
}

function endsTooEarly(log: OpenLog, last: number, through: number): GraphkeepError {
  return new GraphkeepError('log.gap', `the log ends with transaction ${last}, but ${through} was committed`, {
    place: { file: log.directory },
    observed: last,
  });
}
