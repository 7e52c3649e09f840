import type { Decrypter } from 'age-encryption';
import { makeFullBackup } from '../../../src/backup/full-backup.ts';
import { makeIncrementalBackup } from '../../../src/backup/incremental-backup.ts';
import { RepositoryTarget } from '../../../src/backup/target/repository/repository-target.ts';
import type { ObjectStore } from '../../../src/objects/object-store.ts';
import type { Moment } from '../../../src/repository/catalogue/restore-plan.ts';
import { openRepository } from '../../../src/repository/opening/repository.ts';
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
