import { join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { logFileName } from '../log/log-files.ts';
import { relocateError } from '../log/log-integer.ts';
import type { LogPosition } from '../log/log-position.ts';
import { LogReader } from '../log/log-reader.ts';
import type { LogTransaction } from '../log/log-transaction.ts';
import { walkTransaction } from '../log/transaction-walker.ts';
import type { Counts } from '../store/counts-store.ts';
import type { StoreFormat } from '../store/store-format.ts';
import { ChangeCollector } from './change-collector.ts';
import type { LogImages } from './log-images.ts';
import type { NetChanges } from './net-changes.ts';

/** The last transaction of a stretch of log, as `neostore` remembers it. */
export interface ReplayedTransaction {
  id: number;
  checksum: bigint;
  timeCommitted: number;
}

export interface CollectedLog {
  collector: ChangeCollector;
  transactions: number;
  /** Undefined if there was none. */
  last: ReplayedTransaction | undefined;
  firstId: number | undefined;
  /** End of the last complete transaction or check point that was read. */
  end: LogPosition;
}

/** A stretch of the log of a directory. */
export interface LogStretch {
  start: LogPosition;
  /** The end of a transaction or check point, where reading stops; default: the end of the log. */
  end?: LogPosition | undefined;
}

/** The event loop gets a turn after this many bytes of log. */
const BYTES_PER_TURN = 8 * 1024 * 1024;

/**
 * Reads a stretch of the log of `folder` once and collects its net change. Counts of transactions that `counts` does not
 * hold yet are added to it. Checks that ids follow each other, beginning behind `lastTransaction` if that is given.
 */
export async function collectChanges(
  folder: string,
  { start, end }: LogStretch,
  images: LogImages,
  changes: NetChanges,
  counts: Counts,
  format: StoreFormat,
  signal?: AbortSignal,
): Promise<CollectedLog> {
  const collector = new ChangeCollector(
    changes,
    {
      nodes: (label, delta) => counts.addNodes(label, delta),
      relationships: (from, type, to, delta) => counts.addRelationships(from, type, to, delta),
    },
    format.secondUnits,
  );
  const countsKnownTo = counts.txId;
  const reader = new LogReader(folder, { from: start });
  const collected: CollectedLog = { collector, transactions: 0, last: undefined, firstId: undefined, end: start };
  try {
    let bytes = 0;
    let last: LogTransaction | undefined;
    while (end === undefined || isBefore(reader.position, end)) {
      const item = reader.next();
      // Of a log that grows, the file behind `end` may hold something by now.
      if (item === undefined || (end !== undefined && isBefore(end, reader.position))) break;
      if (item.kind !== 'transaction') continue;
      collect(item, folder, collector, images, item.transactionId > countsKnownTo);
      changes.spillIfLarge();
      // With changes on disk nothing is compared node by node.
      if (changes.spilled) collector.touchedNodes.ids.clear();
      collected.transactions++;
      collected.firstId ??= item.transactionId;
      last = item;
      bytes += item.end - item.start;
      if (bytes > BYTES_PER_TURN) {
        bytes = 0;
        await new Promise(setImmediate);
        throwIfCancelled(signal);
      }
    }
    collected.end = end ?? reader.position;
    if (last !== undefined) {
      collected.last = { id: last.transactionId, checksum: last.checksum, timeCommitted: last.timeCommitted };
    }
  } finally {
    reader.close();
  }
  return collected;
}

function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.version < b.version || (a.version === b.version && a.offset < b.offset);
}

function collect(
  transaction: LogTransaction,
  folder: string,
  collector: ChangeCollector,
  images: LogImages,
  countsWanted: boolean,
): void {
  const { buffer, start, end, version } = transaction;
  const shift = transaction.shift + images.baseOf(version);
  collector.beginTransaction(transaction.transactionId, buffer, shift, countsWanted);
  try {
    walkTransaction(buffer, start, end, collector, shift);
  } catch (error) {
    throw relocateError(error, transaction.shift, { file: join(folder, logFileName(version)) });
  }
}
