import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { logFileName } from '../../log/log-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { relocateError } from '../../log/v3/fields/log-integer.ts';
import type { LogTransaction } from '../../log/v3/log-transaction.ts';
import { walkTransaction } from '../../log/v3/transaction-walker.ts';
import type { Counts } from '../../store/counts/counts-store.ts';
import { ChangeCollector } from './change-collector.ts';
import type { LogImages } from './log-images.ts';
import { type LogStretch, StretchReader } from './log-stretch.ts';
import type { ReplayContext } from './replay-context.ts';

/** The last transaction of a stretch of log, as recorded in `neostore`. */
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
  /** End of the last complete transaction or check point read. */
  end: LogPosition;
}

/** The event loop gets a turn after this many bytes of log. */
const BYTES_PER_TURN = 8 * 1024 * 1024;

/**
 * Walks the log of `context` and collects its net change. Adds counts of transactions that `counts` does not hold yet. Checks that ids are
 * consecutive. `onBytes` is called now and then with the number of further bytes read.
 */
export async function collectChanges(
  context: ReplayContext,
  counts: Counts,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<CollectedLog> {
  const { log, format, changes, images } = context;
  const collector = new ChangeCollector(
    changes,
    {
      nodes: (label, delta) => counts.addNodes(label, delta),
      relationships: (from, type, to, delta) => counts.addRelationships(from, type, to, delta),
    },
    format.secondUnits,
  );
  const countsKnownTo = counts.txId;
  const reader = new StretchReader(log, images);
  const collected: CollectedLog = { collector, transactions: 0, last: undefined, firstId: undefined, end: log.start };
  let bytes = 0;
  let last: LogTransaction | undefined;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    collect(item, log, collector, images, item.transactionId > countsKnownTo);
    changes.spillIfLarge();
    // With changes on disk, nodes are not compared one by one.
    if (changes.spilled) collector.touchedNodes.ids.clear();
    collected.transactions++;
    collected.firstId ??= item.transactionId;
    last = item;
    bytes += item.end - item.start;
    if (bytes > BYTES_PER_TURN) {
      onBytes?.(bytes);
      bytes = 0;
      await new Promise(setImmediate);
      throwIfCancelled(signal);
    }
  }
  collected.end = reader.position;
  if (last !== undefined) {
    collected.last = { id: last.transactionId, checksum: last.checksum, timeCommitted: last.timeCommitted };
  }
  return collected;
}

function collect(
  transaction: LogTransaction,
  { folder }: LogStretch,
  collector: ChangeCollector,
  images: LogImages,
  countsWanted: boolean,
): void {
  const { buffer, start, end, version } = transaction;
  const origin = images.baseOf(version) + transaction.shift;
  collector.beginTransaction(transaction.transactionId, buffer, origin, countsWanted);
  try {
    walkTransaction(buffer, start, end, collector);
  } catch (error) {
    throw relocateError(error, transaction.shift, { file: join(folder, logFileName(version)) });
  }
}
