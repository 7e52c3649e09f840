import { dirname, join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, removeTree, syncTree } from '../base/durable-files.ts';
import { requireRoom } from '../base/free-room.ts';
import { loadFrameCodec } from '../base/zstd/frame-codec.ts';
import { NEO4J_3 } from '../generation/neo4j-3.ts';
import type { ReplayProgress } from '../replay/events/replay-events.ts';
import { type Recovery, recoverStore } from '../replay/recovery.ts';
import type { Manifest } from '../repository/catalogue/manifest.ts';
import { databaseAddress } from '../repository/catalogue/object-keys.ts';
import type { Moment, RestorePlan } from '../repository/catalogue/restore-plan.ts';
import type { Repository } from '../repository/opening/repository.ts';
import { readHistory } from '../repository/reading/database-history.ts';
import { type AssembledLog, assembleLog } from '../repository/reading/log-assembly.ts';
import { chooseRestore, type RestoreChoice } from '../repository/reading/restore-choice.ts';
import { StoredObjects } from '../repository/reading/stored-objects.ts';
import type { Unsealing } from '../repository/seal/unseal/unsealing.ts';
import { UnsealPool } from '../repository/seal/unseal-pool/unseal-pool.ts';
import { withDatabaseLock } from '../store/files/database-lock.ts';
import { SCRATCH_FOLDER } from '../store/files/store-files.ts';
import { requireConsistent, requireRestorable } from './restorable-store.ts';
import type { RestoreEvent } from './restore-events.ts';
import type { RestoreNote } from './restore-notes.ts';
import { StagedDatabase } from './staged-database.ts';
import { unpackTold } from './told-unpacking.ts';
import { type DatabasePlace, requireVacancy } from './vacancy.ts';

/** With less to unseal, the threads that do it are not worth their start. */
const WORTH_THREADS_BYTES = 32 * 1024 * 1024;
const WORTH_THREADS_SEGMENTS = 8;

/** What it takes to bring back a moment, wherever it goes. */
export interface RebuildOptions {
  readonly repository: Repository;
  /** None if the repository is not encrypted. */
  readonly identities: Unsealing['identities'];
  /** Memory for the replay. */
  readonly budgetBytes: number;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: RestoreEvent) => void;
  readonly onReplay?: (event: ReplayProgress) => void;
}

export interface RepositoryRestoreOptions extends DatabasePlace, RebuildOptions {
  /** The key of the database in the repository. */
  readonly source: string;
  readonly moment: Moment;
  /** What to read for the moment, if that has been found out already. */
  readonly choice?: RestoreChoice;
  /** An inconsistent database replaces nothing. */
  readonly checkConsistency: boolean;
}

export interface RepositoryRestoreReport {
  readonly base: string;
  /** The last transaction of the database, and when it was committed. */
  readonly transaction: number;
  readonly commitTime: Date;
  readonly files: number;
  readonly bytes: number;
  /** How the files were made exact, and what is left to the server. */
  readonly recovery: Recovery;
  readonly notes: readonly RestoreNote[];
}

/**
 * Brings a database back from a repository, as of any moment that it reaches (spec repository-layout 5). The old database is kept until the
 * new one is complete, exact and flushed.
 */
export async function restoreFromRepository(options: RepositoryRestoreOptions): Promise<RepositoryRestoreReport> {
  const { repository, source, moment, databaseDirectory, signal } = options;
  const { store } = repository;
  await requireVacancy(options);
  const where = databaseAddress(store.address, source);
  const choice = options.choice ?? chooseRestore(await readHistory(store, source, signal), moment, where);
  const { manifest, plan } = choice;
  await makeDirectory(dirname(databaseDirectory));
  const forbidden = 'this user may not change the database';
  return await withDatabaseLock(databaseDirectory, forbidden, async () => {
    const staged = await StagedDatabase.create({ ...options, files: NEO4J_3.files });
    try {
      await requireRoom(staged.path, manifest.bytes, 'there is not enough room for the database');
      const reached = await rebuild(options, manifest, plan, staged.path);
      await requireRestorable(staged.path);
      if (options.checkConsistency) await requireConsistent(staged.path, signal, options.onEvent);
      throwIfCancelled(signal);
      const notes = await staged.publish();
      return { base: manifest.id, ...reached, files: manifest.files, bytes: manifest.bytes, notes };
    } catch (error) {
      await staged.discard();
      throw error;
    }
  });
}

/** The last transaction of an exact store, and how it was made exact. */
export type RebuiltStore = Pick<RepositoryRestoreReport, 'transaction' | 'commitTime' | 'recovery'>;

/** Makes the exact store in an empty directory; everything is flushed when it resolves. */
export async function rebuild(
  { repository, identities, budgetBytes, signal, onEvent, onReplay }: RebuildOptions,
  manifest: Manifest,
  plan: RestorePlan,
  directory: string,
): Promise<RebuiltStore> {
  const unsealing = { codec: await loadFrameCodec(), identities };
  const isLarge = manifest.storedBytes > WORTH_THREADS_BYTES || plan.segments.length > WORTH_THREADS_SEGMENTS;
  const pool = isLarge ? new UnsealPool() : undefined;
  let reached: AssembledLog;
  try {
    const objects = new StoredObjects(repository.store, unsealing, signal, pool);
    await unpackTold(objects, manifest, directory, { signal, onEvent });
    reached = await assembleLog(objects, manifest, plan, directory);
  } finally {
    await pool?.close();
  }
  const scratch = join(directory, SCRATCH_FOLDER);
  await makeDirectory(scratch);
  const { genericIndexes } = manifest.store;
  const indexes = genericIndexes === undefined ? {} : { genericVersion: genericIndexes };
  const { position } = manifest.checkPoint;
  const how = { start: position, storeIsExact: false, budgetBytes, scratch, indexes, signal };
  const recovery = await recoverStore(directory, { ...how, ...(onReplay === undefined ? {} : { onEvent: onReplay }) });
  await removeTree(scratch);
  await syncTree(directory);
  return { ...reached, recovery };
}
