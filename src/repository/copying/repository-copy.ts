import { GraphkeepError } from '../../base/errors.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { databaseAddress } from '../catalogue/object-keys.ts';
import { RunLock } from '../lease/run-lock.ts';
import type { Repository } from '../opening/repository.ts';
import { listDatabases } from '../reading/database-history.ts';
import { StoredObjects } from '../reading/stored-objects.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import type { Unsealing } from '../seal/unseal/unsealing.ts';
import { startPool } from '../writing/repository-pool.ts';
import { type Carrier, isSameEncryption, ResealingCarrier, UnchangedCarrier } from './carriers.ts';
import { type CopyResult, copyDatabase } from './database-copy.ts';

/** One thread seals what this one unseals; beside the objects of the pool, as many are in memory as they come. */
const RESEALING = { workers: 1, objects: 2 };

export interface RepositoryCopyOptions {
  readonly from: Repository;
  readonly to: Repository;
  /** Only this one; undefined for all. */
  readonly database: string | undefined;
  /** Of the source. Needed if the target has other recipients. */
  readonly identities: Unsealing['identities'];
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, totalBytes: number) => void;
  /** Something in the source that cannot be copied, as it is missing or damaged. */
  readonly onFault: (error: GraphkeepError) => void;
}

/** What a copy has done, of all databases together. */
export interface RepositoryCopyResult extends CopyResult {
  readonly databases: readonly string[];
  /** False: objects kept their bytes. */
  readonly isSealedAnew: boolean;
}

/**
 * Copies what is new in one repository into another one, which keeps its own settings. Only one run at a time works on a database of the
 * target.
 * @throws GraphkeepError `repository.no-backup`, `repository.in-use`, `repository.key-missing`, `repository.key-wrong`
 */
export async function copyRepository(options: RepositoryCopyOptions): Promise<RepositoryCopyResult> {
  const { from, to, database, signal, onFault, onProgress } = options;
  const found = await listDatabases(from.store, signal);
  if (database !== undefined && !found.includes(database)) {
    throw new GraphkeepError('repository.no-backup', 'the repository has no backup of this database', {
      place: { object: databaseAddress(from.store.address, database) },
    });
  }
  const databases = database === undefined ? found : [database];
  const total = { bases: 0, knownBases: 0, segments: 0, objects: 0, bytes: 0 };
  let plannedBytes = 0;
  let doneBytes = 0;
  const { carrier, close } = await chooseCarrier(options);
  try {
    for (const name of databases) {
      const lock = await RunLock.take(to.store, name, signal, 'copy');
      try {
        const result = await copyDatabase({
          from,
          to,
          database: name,
          carrier,
          signal,
          onFault,
          onPlan: (bytes) => {
            plannedBytes += bytes;
            onProgress(doneBytes, plannedBytes);
          },
          onObject: (bytes) => {
            doneBytes += bytes;
            onProgress(doneBytes, plannedBytes);
          },
        });
        for (const key of Object.keys(total) as (keyof CopyResult)[]) total[key] += result[key];
      } finally {
        await lock?.release();
      }
    }
  } finally {
    await close();
  }
  return { databases, isSealedAnew: !carrier.isUnchanged, ...total };
}

async function chooseCarrier({
  from,
  to,
  identities,
  signal,
}: RepositoryCopyOptions): Promise<{ carrier: Carrier; close: () => Promise<void> }> {
  const { encryption } = to.settings;
  if (isSameEncryption(from.settings.encryption, encryption))
    return { carrier: new UnchangedCarrier(from.store, signal), close: async () => {} };
  let started: Promise<SealPool> | undefined;
  // The threads start when something is to be sealed.
  const pool = () => {
    started ??= startPool(to, signal, RESEALING);
    return started;
  };
  const objects = new StoredObjects(from.store, { codec: await loadFrameCodec(), identities }, signal);
  const isEncrypted = encryption.method === 'age';
  return {
    carrier: new ResealingCarrier({ objects, pool, target: to.store, isEncrypted, signal }),
    close: async () => {
      await started?.then(
        (pool) => pool.close(),
        () => {},
      );
    },
  };
}
