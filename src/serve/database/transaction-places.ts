import type { LogPosition } from '../../log/log-position.ts';

/** Where a transaction ends in the log, hence where the one after it begins. */
export interface KnownPlace {
  transaction: number;
  end: LogPosition;
}

const MOST_PLACES = 1024;

/**
 * Remembers places of the log that were met, so that a client that comes back does not make us read a file from its beginning. A log is
 * only ever appended to: a place stays right until its file is pruned, which the reader of the headers notices.
 */
export class TransactionPlaces {
  /** By transaction, ascending. */
  private readonly places: KnownPlace[] = [];

  note(place: KnownPlace): void {
    const at = this.countUpTo(place.transaction);
    if (this.places[at - 1]?.transaction === place.transaction) return;
    this.places.splice(at, 0, place);
    // The oldest are the first to be pruned.
    if (this.places.length > MOST_PLACES) this.places.shift();
  }

  /** The last known place that is not behind the transaction. */
  nearest(transaction: number): KnownPlace | undefined {
    return this.places[this.countUpTo(transaction) - 1];
  }

  /** How many places have a transaction up to this one. */
  private countUpTo(transaction: number): number {
    let low = 0;
    let high = this.places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.places[middle]!.transaction <= transaction) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
