import type { WaitingTransactions } from '../backup-source.ts';
import { type ModernPlace, RunningDatabase } from './running-database.ts';

/**
 * A database that is read again and again. Its log stays open between two readings, so that the server cannot remove what the next one
 * needs. If the database was replaced meanwhile, it is opened anew.
 */
export class KeptDatabase {
  private readonly place: ModernPlace;
  private kept: RunningDatabase | undefined;

  constructor(place: ModernPlace) {
    this.place = place;
  }

  /** Reads it. After an error nothing is kept. `anew`: the log from its beginning is needed. */
  async use<T>(anew: boolean, read: (database: RunningDatabase) => Promise<T>): Promise<T> {
    try {
      if (anew || this.kept?.isSame() !== true) this.close();
      this.kept ??= await RunningDatabase.open(this.place);
      return await read(this.kept);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What waits after that which was read last. Ends if the database is not the same any more: the next reading tells. */
  async *watch(signal: AbortSignal): AsyncGenerator<WaitingTransactions, void> {
    const { kept } = this;
    if (kept === undefined) return;
    for await (const waiting of kept.watch(signal)) {
      if (!kept.isSame()) return;
      yield waiting;
    }
  }

  close(): void {
    this.kept?.close();
    this.kept = undefined;
  }
}
