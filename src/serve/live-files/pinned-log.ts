import { hasCode } from '../../base/errors.ts';
import { LogPinner } from '../../log/log-pinner.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { copyStartOf } from '../../log/v3/check-points.ts';
import type { LogEnd } from '../../log/v3/log-end.ts';
import { BASE_TRANSACTION, beginningOf, readLogHeader } from '../../log/v3/log-header.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import type { OpenLog } from '../database/log-transactions.ts';

/** The last check point of a log: everything up to {@link transaction} is in the store files. */
export interface CopyStart {
  readonly transaction: number;
  /** Where the next transaction begins, or will begin. */
  readonly position: LogPosition;
}

/** A server may prune what was about to be opened; after this many such losses in a row something else is wrong. */
const ATTEMPTS = 5;

/**
 * The log of a running server from its last check point on, kept readable until everybody who uses it has closed it: each file is opened as
 * soon as it appears, and an open file stays readable when the server has removed it (spec transaction-logs 10.4).
 */
export class PinnedLog {
  readonly start: CopyStart;
  /** The last transaction before the log, at least as old as the one of {@link start}. */
  readonly reachesBackTo: number;
  private readonly files: LogFileSet;
  private readonly pinner: LogPinner;
  private users = 1;

  private constructor(files: LogFileSet, pinner: LogPinner, start: CopyStart) {
    this.files = files;
    this.pinner = pinner;
    this.start = start;
    this.reachesBackTo = readLogHeader(files, files.lowest ?? 0)?.previousTransaction ?? start.transaction;
  }

  /**
   * Finds the last check point and keeps the log from the transaction before it on. `storedLast`: the last transaction of a store whose log
   * names none.
   * @throws GraphkeepError `log.no-check-point`
   */
  static async open(directory: string, end: LogEnd, storedLast: () => number, signal: AbortSignal): Promise<PinnedLog> {
    for (let attempt = 1; ; attempt++) {
      const files = new LogFileSet(directory);
      try {
        return await PinnedLog.pin(files, end, storedLast, signal);
      } catch (error) {
        files.close();
        if (attempt === ATTEMPTS || !hasCode(error, 'log.gap', 'log.no-check-point')) throw error;
      }
    }
  }

  private static async pin(
    files: LogFileSet,
    end: LogEnd,
    storedLast: () => number,
    signal: AbortSignal,
  ): Promise<PinnedLog> {
    const { checkPoint } = await end.look(files, signal);
    const position = copyStartOf(files, checkPoint);
    // A client asks for the last transaction before the check point too, which may be the last one of the file before.
    files.release(Math.max(0, position.version - 1));
    const pinner = new LogPinner(files);
    try {
      copyStartOf(files, checkPoint);
      await files.force(files.lowest ?? 0);
      return new PinnedLog(files, pinner, { transaction: lastBefore(files, position) ?? storedLast(), position });
    } catch (error) {
      pinner.stop();
      throw error;
    }
  }

  /** Everything that is there by now, opened; the last transaction of it, which is on disk. */
  async lookAtEnd(end: LogEnd, signal: AbortSignal): Promise<number> {
    this.pinner.check();
    this.files.pin();
    const { lastTransaction } = await end.look(this.files, signal);
    await this.files.force(this.files.lowest ?? 0);
    return lastTransaction;
  }

  /** The files for one more user. */
  share(): OpenLog {
    this.users++;
    let isOpen = true;
    const { files } = this;
    const close = (): void => {
      if (isOpen) this.close();
      isOpen = false;
    };
    return {
      directory: files.directory,
      get lowest() {
        return files.lowest;
      },
      get highest() {
        return files.highest;
      },
      nameOf: (version) => files.nameOf(version),
      sizeOf: (version) => files.sizeOf(version),
      read: (version, buffer, at, length, position) => files.read(version, buffer, at, length, position),
      close,
    };
  }

  /** Ends one use; after the last one the files are closed. */
  close(): void {
    this.users--;
    if (this.users > 0) return;
    this.pinner.stop();
    this.files.close();
  }
}

/** The last transaction that ends at `position` or before; undefined if neither the log before it nor the one after it tells. */
function lastBefore(files: LogFileSet, { version, offset }: LogPosition): number | undefined {
  const previous = readLogHeader(files, version)?.previousTransaction ?? BASE_TRANSACTION;
  let last = previous > BASE_TRANSACTION ? previous : undefined;
  const reader = new LogReader(files, { from: beginningOf(version) });
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    const isAfter = item.version > version || item.endOffset > offset;
    if (isAfter) return last ?? item.transactionId - 1;
    last = item.transactionId;
  }
  return last;
}
