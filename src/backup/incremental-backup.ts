import { GraphkeepError, hasCode } from '../base/errors.ts';
import { BASE_TRANSACTION } from '../log/v3/log-header.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { formatStoreId, relateStores, type StoreIdentity } from '../store/files/store-id.ts';
import type { BackupEvent } from './backup-events.ts';
import type { BackupOutcome } from './full-backup.ts';
import type { BackupTarget, ContinuedBackup, ReceivedTransactions } from './target/backup-target.ts';
import { TransactionProgress } from './transaction-progress.ts';
import { TransactionsInTransit, type TransactionsOptions } from './transactions-in-transit.ts';

/** Transactions that a backup needs from a source. */
export interface MissingTransactions {
  source: BackupSource;
  backup: Pick<ContinuedBackup, 'storeId' | 'last' | 'beginLog'>;
  progress: Pick<TransactionProgress, 'begin' | 'advance'>;
  signal: AbortSignal;
}

const UPGRADED_HINT =
  'Transactions after an upgrade do not fit a backup from before it. Choose another --name, or allow --fallback-to-full.';

/** Brings an existing backup up to date with the missing transactions. A failure while receiving them leaves it untouched. */
export async function makeIncrementalBackup(
  source: BackupSource,
  target: BackupTarget,
  onEvent: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const backup = await target.continueBackup(signal);
  try {
    const progress = new TransactionProgress(onEvent);
    const received = await receiveMissing({ source, backup, progress, signal });
    progress.end(received, backup.last.id);
    return await keep(backup, received, signal);
  } catch (error) {
    await backup.abandon();
    throw error;
  }
}

async function keep(
  backup: ContinuedBackup,
  received: ReceivedTransactions,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const { first, last, bytes } = received;
  if (first === undefined || last === undefined) {
    await backup.leave();
    const { id } = backup.last;
    return { kind: 'unchanged', firstTransaction: id, lastTransaction: id, bytes: 0, files: 0 };
  }
  await backup.append(received, signal);
  return { kind: 'incremental', firstTransaction: first, lastTransaction: last, bytes, files: 1 };
}

/**
 * Receives the transactions after the last one of the backup, preceded by that one for comparing histories. If the server has pruned
 * exactly that one, asks again without it.
 */
export async function receiveMissing(run: MissingTransactions): Promise<ReceivedTransactions> {
  const { last } = run.backup;
  if (last.id > BASE_TRANSACTION) {
    try {
      return await receiveAfter(run, last.id - 1, { overlap: last });
    } catch (error) {
      if (!hasCode(error, 'peer.history-pruned')) throw error;
    }
  }
  return await receiveAfter(run, last.id, { after: last.id });
}

async function receiveAfter(
  { source, backup, progress, signal }: MissingTransactions,
  lastTransactionId: number,
  expected: Pick<TransactionsOptions, 'overlap' | 'after'>,
): Promise<ReceivedTransactions> {
  const transactions = new TransactionsInTransit({
    log: await backup.beginLog(),
    place: source.place,
    onProgress: (done) => progress.advance(done),
    ...expected,
  });
  const receiver = {
    storeId: (id: StoreIdentity): void => {
      requireSameStore(id, backup.storeId, source);
      progress.begin(backup.last.id + 1);
    },
    transactionBytes: (chunk: Buffer) => transactions.transactionBytes(chunk),
  };
  await source.transactionsAfter(Math.max(lastTransactionId, BASE_TRANSACTION), receiver, signal);
  return transactions.end();
}

/** An upgraded store counts as another one: its records have other ids (see {@link relateStores}). */
function requireSameStore(remote: StoreIdentity, local: StoreIdentity, source: BackupSource): void {
  const relation = relateStores(remote, local);
  if (relation === 'same') return;
  const isUpgraded = relation === 'upgraded';
  throw new GraphkeepError(
    'peer.other-store',
    isUpgraded
      ? 'an upgrade or a change of the record format lies between the backup and the database of the server'
      : 'the backup is of another database than the one of the server',
    {
      place: source.place,
      observed: `server: ${formatStoreId(remote)}; backup: ${formatStoreId(local)}`,
      ...(isUpgraded ? { hint: UPGRADED_HINT } : {}),
    },
  );
}
