import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogFileSet } from '../log-source.ts';
import { versionsDownward } from './check-points.ts';
import { BASE_TRANSACTION, beginningOf, readLogHeader } from './log-header.ts';
import { LogReader } from './log-reader.ts';
import type { LogCheckPoint } from './log-transaction.ts';
import type { TransactionPlaces } from './transaction-places.ts';
import { endOf } from './transaction-search.ts';

/** What a live log holds by now. All of it is on disk. */
export interface LogOutlook {
  /** The last transaction, 1 = none was ever committed. */
  readonly lastTransaction: number;
  /** The end of the last transaction or check point. */
  readonly end: LogPosition;
  /** The last check point; undefined if the log has none. */
  readonly checkPoint: LogCheckPoint | undefined;
}

/** Timers and sockets get a turn after this many bytes. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/**
 * Follows the end of a log that another process writes. The first look reads back to the last check point, each further one only what came
 * since. Everything is forced to disk before it is believed: the other process cannot lose it in a power failure (spec transaction-logs 5).
 */
export class LogEnd {
  private readonly places: TransactionPlaces;
  private seen: LogOutlook | undefined;

  /** `places` learns where the transactions end that were looked at. */
  constructor(places: TransactionPlaces) {
    this.places = places;
  }

  /** The last transaction of the latest look; undefined before the first one. */
  get lastTransaction(): number | undefined {
    return this.seen?.lastTransaction;
  }

  /** `files`: the files of the log, as they are now. May be called while another call runs. */
  async look(files: LogFileSet, signal: AbortSignal): Promise<LogOutlook> {
    const { lowest = 0 } = files;
    const { seen } = this;
    const outlook =
      seen === undefined || seen.end.version < lowest
        ? await this.lookBack(files, signal)
        : await this.lookOn(files, seen, signal);
    if (this.seen === undefined || outlook.lastTransaction >= this.seen.lastTransaction) this.seen = outlook;
    return outlook;
  }

  private async lookBack(files: LogFileSet, signal: AbortSignal): Promise<LogOutlook> {
    let newest: LogOutlook | undefined;
    for (const version of [...versionsDownward(files)]) {
      const previous = readLogHeader(files, version)?.previousTransaction ?? BASE_TRANSACTION;
      const begin = { lastTransaction: previous, end: beginningOf(version), checkPoint: undefined };
      const found = await this.lookOn(files, begin, signal, newest === undefined ? undefined : version);
      newest ??= found;
      if (found.checkPoint !== undefined) return { ...newest, checkPoint: found.checkPoint };
    }
    return newest ?? { lastTransaction: BASE_TRANSACTION, end: beginningOf(0), checkPoint: undefined };
  }

  private async lookOn(
    files: LogFileSet,
    from: LogOutlook,
    signal: AbortSignal,
    through?: number,
  ): Promise<LogOutlook> {
    await files.force(from.end.version);
    const reader = new LogReader(files, { from: from.end, ...(through === undefined ? {} : { through }) });
    let { lastTransaction, checkPoint } = from;
    let read = 0;
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'checkPoint') {
        checkPoint = item;
        continue;
      }
      lastTransaction = item.transactionId;
      read += item.endOffset - item.startOffset;
      if (read < BYTES_PER_TURN) continue;
      read = 0;
      this.places.note(endOf(item));
      await setImmediate();
      throwIfCancelled(signal);
    }
    const end = reader.position;
    this.places.note({ transaction: lastTransaction, end });
    return { lastTransaction, end, checkPoint };
  }
}
