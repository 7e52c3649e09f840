import type { LogEnd } from '../../log/v3/log-end.ts';
import type { LiveDatabase } from '../../source/live-files/live-database.ts';
import { LogTransactions } from '../database/log-transactions.ts';
import type { ServedCopy, ServedTransactions } from '../database/served-database.ts';
import type { FoundFile } from '../database/served-files.ts';
import { type LiveSnapshot, requireSame } from './live-snapshot.ts';

export interface CopiedDatabase {
  readonly database: LiveDatabase;
  readonly end: LogEnd;
}

/** A full copy of a running database: its snapshot, and the log after it. The server makes check points whenever it wants. */
export class LiveFilesCopy implements ServedCopy {
  readonly files: readonly FoundFile[];
  readonly lastTransaction: number;
  readonly holdsCheckPoints = false;
  private readonly copied: CopiedDatabase;
  private readonly snapshot: LiveSnapshot;
  private readonly signal: AbortSignal;
  private transactions: ServedTransactions | undefined;
  private isClosed = false;

  constructor(copied: CopiedDatabase, snapshot: LiveSnapshot, files: readonly FoundFile[], signal: AbortSignal) {
    this.copied = copied;
    this.snapshot = snapshot;
    this.files = files;
    this.signal = signal;
    this.lastTransaction = snapshot.log.start.transaction;
  }

  get isStill(): boolean {
    return (this.copied.end.lastTransaction ?? 0) <= this.lastTransaction;
  }

  readFile(file: FoundFile, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.snapshot.read(file, signal);
  }

  async openTransactions(): Promise<ServedTransactions> {
    const { log } = this.snapshot;
    const { database, end } = this.copied;
    const through = await log.lookAtEnd(end, this.signal);
    requireSame(database);
    const { position, transaction: after } = log.start;
    this.transactions = new LogTransactions(log.share(), position, { after, through });
    return this.transactions;
  }

  letFilesMove(): void {}

  close(): void {
    this.transactions?.close();
    if (!this.isClosed) this.snapshot.close();
    this.isClosed = true;
  }
}
