import type { LogPosition } from '../log-position.ts';

/** Where a transaction ends in the log, and so where the next one begins. */
export interface KnownPlace {
  transaction: number;
  end: LogPosition;
}

const MOST_PLACES = 1024;

/**
 * Remembers places in the log, so that a client that comes back does not make us read a file from its beginning. A log is only ever
 * appended to: a place stays right until its file is pruned, which reading the headers reveals.
 */
export class TransactionPlaces {
  /** By transaction, ascending. */
  private readonly places: KnownPlace[] = [];

  note(place: KnownPlace): void {
    const at = this.countUpTo(place.transaction);
    if (this.places[at - 1]?.transaction === place.transaction) return;
    this.places.splice(at, 0, place);
    // The oldest are pruned first.
    if (this.places.length > MOST_PLACES) this.places.shift();
  }

  /** The last known place that is not after the transaction. */
  nearest(transaction: number): KnownPlace | undefined {
    return this.places[this.countUpTo(transaction) - 1];
  }

  /** Number of places with a transaction up to this one. */
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
