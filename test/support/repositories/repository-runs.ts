import type { Decrypter } from 'age-encryption';
import { makeFullBackup } from '../../../src/backup/full-backup.ts';
import { makeIncrementalBackup } from '../../../src/backup/incremental-backup.ts';
import { RepositoryTarget } from '../../../src/backup/target/repository/repository-target.ts';
import { describeError, type GraphkeepError } from '../../../src/base/errors.ts';
import { loadFrameCodec } from '../../../src/base/zstd/frame-codec.ts';
import type { ObjectStore } from '../../../src/objects/object-store.ts';
import type { Moment } from '../../../src/repository/catalogue/restore-plan.ts';
import { copyRepository, type RepositoryCopyResult } from '../../../src/repository/copying/repository-copy.ts';
import { openRepository } from '../../../src/repository/opening/repository.ts';
import { listDatabases } from '../../../src/repository/reading/database-history.ts';
import { StoredObjects } from '../../../src/repository/reading/stored-objects.ts';
import type { Unsealing } from '../../../src/repository/seal/unseal/unsealing.ts';
import { EVERY_OBJECT } from '../../../src/repository/verifying/object-share.ts';
import { verifyDatabase } from '../../../src/repository/verifying/verification.ts';
import { restoreFromRepository } from '../../../src/restore/repository-restore.ts';
import { CommonSource } from '../../../src/source/backup-protocol/common-source.ts';
import type { BackupServer } from '../servers/backup-server.ts';

const never = new AbortController().signal;

/** Backs up what a server has now into the repository of a store. */
export async function backUpInto(
  store: ObjectStore,
  server: BackupServer,
  kind: 'full' | 'incremental',
): Promise<void> {
  const source = new CommonSource({ address: server.address, timeoutMs: 20_000 });
  try {
    const target = await RepositoryTarget.open(store, 'graph.db', never);
    try {
      if (kind === 'full') await makeFullBackup(source, target, () => {}, never);
      else await makeIncrementalBackup(source, target, () => {}, never);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Makes a directory of a moment in the repository of a store, and checks the database in it. */
export async function restoreInto(
  directory: string,
  store: ObjectStore,
  moment: Moment,
  identities: Decrypter | 'none',
): Promise<void> {
  await restoreFromRepository({
    repository: await openRepository(store, never),
    source: 'graph.db',
    moment,
    identities,
    databaseName: 'graph.db',
    databaseDirectory: directory,
    transactionLogDirectory: directory,
    force: false,
    checkConsistency: true,
    budgetBytes: 1 << 20,
    signal: never,
  });
}

/** What a copy between two repositories has done, and what it told. */
export interface MadeCopy extends RepositoryCopyResult {
  readonly faults: readonly GraphkeepError[];
}

/** Copies the repository of a store into that of another one. */
export async function copyInto(
  from: ObjectStore,
  to: ObjectStore,
  identities: Unsealing['identities'],
): Promise<MadeCopy> {
  const faults: GraphkeepError[] = [];
  const result = await copyRepository({
    from: await openRepository(from, never),
    to: await openRepository(to, never),
    database: undefined,
    identities,
    signal: never,
    onProgress: () => {},
    onFault: (error) => void faults.push(error),
  });
  return { ...result, faults };
}

/** What is wrong with a repository, as far as reading all of it tells. */
export async function findFaults(store: ObjectStore, identities: Unsealing['identities']): Promise<string[]> {
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities }, never);
  const faults: string[] = [];
  for (const database of await listDatabases(store, never)) {
    const onFault = (error: GraphkeepError) => void faults.push(describeError(error));
    await verifyDatabase(objects, { database, reads: EVERY_OBJECT, signal: never, onObject: () => {}, onFault });
  }
  return faults;
}
