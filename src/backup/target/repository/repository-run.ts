import type { Manifest } from '../../../repository/catalogue/manifest.ts';
import { logFolder } from '../../../repository/catalogue/object-keys.ts';
import type { Repository } from '../../../repository/opening/repository.ts';
import type { SealPool } from '../../../repository/seal/pool/seal-pool.ts';
import type { SegmentPlace } from '../../../repository/writing/stored-segment.ts';
import type { StoreId } from '../../../store/files/store-id.ts';
import type { TargetEvent } from '../target-events.ts';

/** What both kinds of backup need of their repository. */
export interface RepositoryRun {
  readonly repository: Repository;
  /** The threads that seal. They start when they are needed, not to find that nothing is new. */
  readonly pool: () => Promise<SealPool>;
  /** The key of the database. */
  readonly database: string;
  readonly signal: AbortSignal;
  /** Where this user keeps state on this machine; undefined if nowhere. */
  readonly stateDirectory: string | undefined;
  readonly onEvent: (event: TargetEvent) => void;
  readonly compression: Manifest['compression'];
}

/** The parts of an identity that are kept. */
export function keptIdentity(id: StoreId): StoreId {
  const { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId } = id;
  return { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId };
}

/** Where the log of a timeline goes. */
export async function placeOfLog(run: RepositoryRun, timeline: string): Promise<SegmentPlace> {
  const { store, settings } = run.repository;
  return {
    pool: await run.pool(),
    store,
    folder: logFolder(run.database, timeline),
    isEncrypted: settings.encryption.method === 'age',
    signal: run.signal,
  };
}
