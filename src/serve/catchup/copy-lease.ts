import { startTimer } from '../../base/timers.ts';
import type { ServedCopy } from '../database/served-database.ts';

export interface LeaseOptions {
  /** Longest time that check points may be held; 0 = no limit. */
  maxHoldMs: number;
  /** How long the log is kept for a client whose connection broke. */
  lingerMs: number;
  /** Called when that time is over while files are being sent that must not change. */
  onHeldTooLong: () => void;
  /** A request of another connection uses the copy, or no longer does. */
  onUse: (isUsed: boolean) => void;
  onClosed: (lease: CopyLease) => void;
}

/**
 * What a database keeps for a client between PREPARE_STORE_COPY and the end of TX_PULL (spec catchup-protocol 10 to 13, 18): no check point
 * runs, so all files are of one moment. If the client takes too long, check points run again and it continues with changing files.
 * Replaying the transactions from C on, which stay in the log, repairs the record stores; the client already has everything else. A client
 * whose connection broke may continue on another one: the log is kept for a while, but check points run at once.
 */
export class CopyLease {
  readonly copy: ServedCopy;
  private readonly options: LeaseOptions;
  private readonly holdLimit: NodeJS.Timeout | undefined;
  private linger: NodeJS.Timeout | undefined;
  private users = 0;
  private isPrepared = false;
  private isClosed = false;

  constructor(copy: ServedCopy, options: LeaseOptions) {
    this.copy = copy;
    this.options = options;
    if (copy.holdsCheckPoints && options.maxHoldMs > 0) {
      this.holdLimit = startTimer(() => this.endHold(), options.maxHoldMs).unref();
    }
  }

  /** The client has every file that must not change. */
  notePrepared(): void {
    this.isPrepared = true;
  }

  /** Returns a function to call when the request has ended. */
  use(): () => void {
    this.users++;
    if (this.users === 1) this.options.onUse(true);
    let isUsing = true;
    return () => {
      if (isUsing) this.users--;
      if (isUsing && this.users === 0) this.options.onUse(false);
      isUsing = false;
    };
  }

  /** Allows check points again. */
  letFilesMove(): void {
    clearTimeout(this.holdLimit);
    this.copy.letFilesMove();
  }

  /** The connection has ended. Only a client that has got C can come back for the transactions. */
  abandon(): void {
    if (this.isClosed || this.linger !== undefined) return;
    if (!this.isPrepared) {
      this.close();
      return;
    }
    this.letFilesMove();
    this.linger = startTimer(() => this.close(), this.options.lingerMs).unref();
  }

  /** Releases everything. May be called again. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.holdLimit);
    clearTimeout(this.linger);
    this.copy.close();
    this.options.onClosed(this);
  }

  private endHold(): void {
    if (this.isPrepared) this.letFilesMove();
    else this.options.onHeldTooLong();
  }
}
