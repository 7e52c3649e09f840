import { dirname, join } from 'node:path';
import { type LockView, viewLocks } from '../../base/lock-holders.ts';
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
export function viewServer(directory: string): Promise<LockView> {
  return viewLocks([join(dirname(directory), STORE_LOCK_FILE), join(directory, STORE_LOCK_FILE)]);
}

/** Transactions that wait for recovery, and who does that. */
export interface PendingRecovery {
  transactions: number;
  /** As in `which a backup does in its copy`. */
  recoverer: string;
}

/** What the files of 3.x wait for; undefined if they were closed cleanly. */
export function findPending(logDirectory: string): PendingRecovery | undefined {
  const { needed, transactions } = findRecoveryStart(logDirectory);
  return needed ? { transactions, recoverer: 'a backup does in its copy' } : undefined;
}

/** What the files are like: in use, closed cleanly, or not. `pending` is asked only if no server is seen. */
export function describeServer(view: LockView, pending: () => PendingRecovery | undefined): DoctorFinding {
  switch (view.kind) {
    case 'held':
      return inOrder('server', `a server runs on it${view.process === undefined ? '' : ` (process ${view.process})`}`);
    case 'unseen':
      return unseen('server', 'this system does not tell who holds a lock, so a server may be running');
    case 'free': {
      const found = pending();
      if (found === undefined) return inOrder('server', 'no server is seen to run on it, and it was closed cleanly');
      const { transactions, recoverer } = found;
      return inOrder(
        'server',
        `no server is seen to run on it (one in another container cannot be seen), and it was not closed cleanly: ` +
          `${transactions} transactions wait for recovery, which ${recoverer}`,
        { transactionsToReplay: transactions },
      );
    }
  }
}
