import type { BackupSource } from '../source/backup-source.ts';
import type { StoreIdentity } from '../store/files/store-id.ts';
import { receiveMissing } from './incremental-backup.ts';
import type { ContinuedBackup, TransactionLog } from './target/backup-target.ts';

/** Thrown by the receiver once it is certain that transactions come: the rest is not wanted. */
const ENOUGH = new Error('enough');

/** Refuses the first byte that a backup would keep. */
const refusing: TransactionLog = {
  takeBytes: () => {
    throw ENOUGH;
  },
  takeTransaction: () => {
    throw ENOUGH;
  },
  drain: () => undefined,
};

/**
 * Asks a source whether it can continue a backup, as an incremental does, and breaks off at the first transaction that the backup does not
 * have. Nothing is kept.
 * @returns whether there are new transactions
 * @throws GraphkeepError what the incremental would throw: `peer.history-pruned`, `peer.other-store`, `peer.diverged`, `peer.behind`, ...
 */
export async function probeContinuation(
  source: BackupSource,
  backup: Pick<ContinuedBackup, 'storeId' | 'last'>,
  signal: AbortSignal,
): Promise<boolean> {
  const progress = { begin: () => {}, advance: () => {} };
  try {
    await receiveMissing({ source, backup: { ...backup, beginLog: async () => refusing }, progress, signal });
    return false;
  } catch (error) {
    if (error === ENOUGH) return true;
    throw error;
  }
}

/** Larger than any transaction id: every server answers that there is nothing new (spec common-protocol 10, spec catchup-protocol 13). */
const NEVER_REACHED = 2 ** 52;

/** The identity of the store of a source, without a copy: asks for transactions that do not exist. */
export async function askStoreId(source: BackupSource, signal: AbortSignal): Promise<StoreIdentity> {
  const receiver = { storeId: () => {}, transactionBytes: () => undefined };
  const { storeId } = await source.transactionsAfter(NEVER_REACHED, receiver, signal);
  return storeId;
}
