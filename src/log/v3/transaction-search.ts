import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { findCommit } from './commit-search.ts';
import { beginningOf, readLogHeader } from './log-header.ts';
import { LogReader } from './log-reader.ts';
import type { LogTransaction } from './log-transaction.ts';
import type { KnownPlace, TransactionPlaces } from './transaction-places.ts';

/** Timers and sockets get a turn after this many bytes that are only skipped. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/** Where a transaction is. */
export type FoundTransaction =
  | { kind: 'found'; begin: LogPosition }
  /** No log holds it any more. */
  | { kind: 'pruned' }
  /** The log ends before it. `position`: its end; `lastTransaction`: the last one in it, if known. */
  | { kind: 'not-yet'; position: LogPosition; lastTransaction: number | undefined };

/**
 * Finds where the transaction after `after` begins. Looks at headers and at places known from before, then for the commit entry of `after`
 * from the end of its file; if that does not show it, reads on from the nearest place. On the way it opens every file from that position
 * on, so that none of them can be lost.
 */
export async function findTransactionAfter(
  log: LogSource,
  after: number,
  signal: AbortSignal,
  places?: TransactionPlaces,
): Promise<FoundTransaction> {
  const from = nearestPlace(log, after, places);
  if (from === undefined) return { kind: 'pruned' };
  if (from.transaction === after) return { kind: 'found', begin: from.end };
  const reader = new LogReader(log, {
    from: from.end,
    ...(from.transaction === undefined ? {} : { lastTransaction: from.transaction }),
  });
  let skipped = 0;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    if (item.transactionId > after + 1) return { kind: 'pruned' };
    if (item.transactionId === after + 1) {
      return { kind: 'found', begin: { version: item.version, offset: item.startOffset } };
    }
    skipped += item.endOffset - item.startOffset;
    if (skipped < BYTES_PER_TURN) continue;
    skipped = 0;
    places?.note(endOf(item));
    await setImmediate();
    throwIfCancelled(signal);
  }
  return { kind: 'not-yet', position: reader.position, lastTransaction: reader.lastTransaction };
}

export function endOf(item: LogTransaction): KnownPlace {
  return { transaction: item.transactionId, end: { version: item.version, offset: item.endOffset } };
}

/** A place at or before the end of transaction `after`; without a transaction number if the file's header does not give it. */
function nearestPlace(
  log: LogSource,
  after: number,
  places: TransactionPlaces | undefined,
): { transaction: number | undefined; end: LogPosition } | undefined {
  const version = newestFileBefore(log, after);
  if (version === undefined) return undefined;
  const known = places?.nearest(after);
  const isNearer = known !== undefined && known.end.version >= version;
  if (isNearer && known.transaction === after) return known;
  const commit = findCommit(log, version, after);
  if (commit !== undefined) return { transaction: after, end: commit };
  return isNearer ? known : { transaction: undefined, end: beginningOf(version) };
}

/** The newest file that begins after a transaction not later than `after`. */
export function newestFileBefore(log: LogSource, after: number): number | undefined {
  const { lowest, highest } = log;
  if (lowest === undefined || highest === undefined) return undefined;
  for (let version = highest; version >= lowest; version--) {
    const header = readLogHeader(log, version);
    if (header !== undefined && header.previousTransaction <= after) return version;
    // The newest file may not have a header yet; an older one without a header was pruned while we looked.
    if (header === undefined && version !== highest) return undefined;
  }
  return undefined;
}
