import { dirname, join } from 'node:path';
import { type LockView, viewLock } from '../../base/lock-holders.ts';
import type { ServerLocation } from '../../config/database-location.ts';
import { formatBytes } from '../../config/sizes.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import type { DatabasePlace } from '../../source/live-files/live-database.ts';
import { readMetadataIn, storeIdOf } from '../../store/files/neostore-metadata.ts';
import { STORE_LOCK_FILE } from '../../store/files/store-files.ts';
import { formatStoreId } from '../../store/files/store-id.ts';
import { requireSupportedStore } from '../../store/files/supported-store.ts';
import { type DoctorFinding, inOrder, unseen } from '../findings/finding.ts';

/** Which database the path leads to. */
export function describeLocation(
  { directory, logDirectory, configFile }: ServerLocation,
  namedConfig: string | undefined,
): DoctorFinding {
  const logs = logDirectory === directory ? '' : `, logs in ${logDirectory}`;
  const file = configFile ?? namedConfig;
  if (file !== undefined) return inOrder('database', `${directory}${logs}, settings of ${file}`);
  return unseen(
    'database',
    `${directory}${logs}; no neo4j.conf was found near it, so the defaults of its settings are assumed`,
    'Set NEO4J_CONF to the directory with neo4j.conf of the server, for example /etc/neo4j.',
  );
}

/**
 * The release, the identity and the size of the store.
 * @throws GraphkeepError those of {@link requireSupportedStore}
 */
export async function describeStore(
  { directory, logDirectory }: DatabasePlace,
  storeBytes: number,
): Promise<DoctorFinding> {
  const { release } = await requireSupportedStore(directory, 'change', logDirectory);
  const metadata = readMetadataIn(directory);
  const observed = `Neo4j ${release.releases}, ${formatBytes(storeBytes)}, ${formatStoreId(storeIdOf(metadata))}`;
  return inOrder('store', observed, { storeBytes });
}

/** Whether a server runs on the files now, by the locks that the system lists; no lock is taken. */
export async function viewServer(directory: string): Promise<LockView> {
  const views = await Promise.all(
    [dirname(directory), directory].map((folder) => viewLock(join(folder, STORE_LOCK_FILE))),
  );
  return views.find(({ kind }) => kind === 'held') ?? views.find(({ kind }) => kind === 'unseen') ?? views[0]!;
}

/** What the files are like: in use, closed cleanly, or not. */
export function describeServer(view: LockView, logDirectory: string): DoctorFinding {
  switch (view.kind) {
    case 'held':
      return inOrder('server', `a server runs on it${view.process === undefined ? '' : ` (process ${view.process})`}`);
    case 'unseen':
      return unseen('server', 'this system does not tell who holds a lock, so a server may be running');
    case 'free': {
      const { needed, transactions } = findRecoveryStart(logDirectory);
      if (!needed) return inOrder('server', 'no server is seen to run on it, and it was closed cleanly');
      return inOrder(
        'server',
        `no server is seen to run on it (one in another container cannot be seen), and it was not closed cleanly: ` +
          `${transactions} transactions wait for recovery, which a backup does in its copy`,
        { transactionsToReplay: transactions },
      );
    }
  }
}
