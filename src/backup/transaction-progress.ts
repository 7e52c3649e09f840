import type { CopyEvent } from './backup-events.ts';
import type { ReceivedTransactions } from './target/backup-target.ts';

/** Reports received transactions: once when they begin, then for each piece, and at the end. */
export class TransactionProgress {
  private readonly onEvent: (event: CopyEvent) => void;
  private readonly least: (() => number) | undefined;
  private hasBegun = false;

  /** `least`: returns the last transaction that must come; called when the first one is due. */
  constructor(onEvent: (event: CopyEvent) => void, least?: () => number) {
    this.onEvent = onEvent;
    this.least = least;
  }

  /** `first`: the requested transaction; undefined if the server decides. */
  begin(first?: number): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    const least = this.least?.();
    this.onEvent({
      kind: 'transactions-began',
      ...(first === undefined ? {} : { first }),
      ...(least === undefined ? {} : { least }),
    });
  }

  advance({ transactions, bytes, last }: { transactions: number; bytes: number; last: number | undefined }): void {
    this.begin();
    this.onEvent({ kind: 'transactions-progress', transactions, bytes, ...(last === undefined ? {} : { last }) });
  }

  /** `known`: the last transaction of the backup if none was received. */
  end({ count, bytes, last }: ReceivedTransactions, known: number): void {
    this.begin();
    this.onEvent({ kind: 'transactions-ended', transactions: count, bytes, last: last ?? known });
  }
}
