import type { Manifest } from '../../../repository/catalogue/manifest.ts';
import type { Repository } from '../../../repository/opening/repository.ts';
import type { SealPool } from '../../../repository/seal/pool/seal-pool.ts';
import type { StoreId } from '../../../store/files/store-id.ts';

/** What both kinds of backup need of their repository. */
export interface RepositoryRun {
  readonly repository: Repository;
  /** The threads that seal. They start when they are needed, not to find that nothing is new. */
  readonly pool: () => Promise<SealPool>;
  /** The key of the database. */
  readonly database: string;
  readonly signal: AbortSignal;
  readonly compression: Manifest['compression'];
}

/** The parts of an identity that are kept. */
export function keptIdentity(id: StoreId): StoreId {
  const { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId } = id;
  return { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId };
}
