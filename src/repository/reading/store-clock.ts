import { hasCode } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';

/**
 * The time of the store, to say how old things are. A folder tells it by a file just written; where that is not possible, as for a user who
 * may only read, the clock of this machine has to do. Nothing may be removed by that.
 */
export async function readClock(store: ObjectStore, ownClock: () => Date, signal: AbortSignal): Promise<Date> {
  try {
    return await store.now(signal);
  } catch (error) {
    if (!hasCode(error, 'object.denied', 'object.full')) throw error;
    return ownClock();
  }
}
