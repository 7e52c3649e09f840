import { GraphkeepError } from '../../base/errors.ts';
import type { LogSource } from '../log-source.ts';
import type { LoggedTransaction } from './fields/logged-transaction.ts';
import { TransactionReader } from './transaction-reader.ts';

/** A transaction that was read earlier, maybe of another log. */
export type KnownTransaction = Pick<LoggedTransaction, 'id' | 'checksum' | 'start'>;

/** Why a log does not continue what was read of it. */
export type NoContinuation =
  /** Another one has its place: the database was restored, or created anew, and reuses the ids for another history. */
  | 'forked'
  /** The log no longer reaches back so far. */
  | 'pruned'
  /** The log ends before it: the server has lost it, or an older state was restored. */
  | 'behind';

/**
 * The transaction that was read earlier, if it stands where it stood: everything behind it is its future. Its checksum covers all its
 * bytes, and where the format has a chain, all before it too. Do this after every restart of a server (spec modern-logs 9).
 *
 * @throws GraphkeepError `store.format` or `log.corrupt` for the header of a file, `file.io`, `cancelled`
 */
export async function findContinuation(
  source: LogSource,
  known: KnownTransaction,
  signal?: AbortSignal,
): Promise<LoggedTransaction | NoContinuation> {
  const { lowest, highest } = source;
  if (lowest === undefined || highest === undefined || known.start.version > highest) return 'behind';
  if (known.start.version < lowest) return 'pruned';
  const reader = new TransactionReader(source, { from: known.start, through: known.start.version, signal });
  try {
    for await (const found of reader) {
      return found.id === known.id && found.checksum === known.checksum ? found : 'forked';
    }
    return reader.tail.state === 'unfinished' ? 'forked' : 'behind';
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    const { code, place } = error;
    if (code === 'log.gap') return 'behind';
    // In another history something else stands at the position; only the header of the file must be readable.
    if ((code === 'log.corrupt' || code === 'store.format') && place?.offset !== 0) return 'forked';
    throw error;
  }
}
