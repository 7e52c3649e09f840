import type { Repository } from '../../repository/opening/repository.ts';
import type { TimelineHistory } from '../../repository/reading/database-history.ts';
import { COMPRESSION } from '../../repository/writing/repository-pool.ts';
import { type ModernPlace, RunningDatabase } from '../../source/modern-files/running-database.ts';
import type { RepositoryRun } from '../target/repository/repository-run.ts';
import { makeModernIncremental, storedHead } from './modern-incremental.ts';

/** Thrown where the first new transaction would be sealed: the rest is not wanted. */
const ENOUGH = new Error('enough');

/**
 * Asks a running database of 4.2 or later whether it can continue a backup, as an incremental does, and breaks off at the first transaction
 * that the backup does not have. Nothing is written.
 * @param history has a complete base
 * @returns whether there are new transactions
 * @throws GraphkeepError what the incremental would throw: `peer.history-pruned`, `peer.other-store`, `peer.diverged`, `peer.behind`, ...
 */
export async function probeModernContinuation(
  place: ModernPlace,
  { repository, history }: { repository: Repository; history: TimelineHistory },
  signal: AbortSignal,
): Promise<boolean> {
  const run: RepositoryRun = {
    repository,
    database: history.timeline.database,
    signal,
    stateDirectory: undefined,
    compression: COMPRESSION,
    onEvent: () => {},
    pool: () => Promise.reject(ENOUGH),
  };
  const database = await RunningDatabase.open(place);
  try {
    await makeModernIncremental({ database, run, history, head: storedHead(history), onEvent: () => {} });
    return false;
  } catch (error) {
    if (error === ENOUGH) return true;
    throw error;
  } finally {
    database.close();
  }
}
