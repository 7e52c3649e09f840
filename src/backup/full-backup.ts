import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import type { BackupSource } from '../source/backup-source.ts';
import type { BackupEvent } from './backup-events.ts';
import type { BackupTarget, FullBackup, ReceivedTransactions } from './target/backup-target.ts';
import { ToldCopy } from './told-copy.ts';
import { TransactionProgress } from './transaction-progress.ts';
import { TransactionsInTransit } from './transactions-in-transit.ts';

export interface BackupOutcome {
  kind: 'full' | 'incremental' | 'unchanged';
  firstTransaction: number;
  lastTransaction: number;
  bytes: number;
  files: number;
}

export interface FullOutcome {
  outcome: BackupOutcome;
  /** Where the previous backup is now. */
  replaced: string | undefined;
}

/** Copies everything from a source into a target, which turns it into a backup and publishes it. */
export async function makeFullBackup(
  source: BackupSource,
  target: BackupTarget,
  onEvent: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<FullOutcome> {
  const backup = await target.beginFullBackup(source.place);
  try {
    const outcome = await receiveFull(source, backup, onEvent, signal);
    return { outcome, replaced: await backup.publish() };
  } catch (error) {
    await backup.abandon();
    throw error;
  }
}

async function receiveFull(
  source: BackupSource,
  backup: FullBackup,
  onEvent: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const copy = new ToldCopy(backup, onEvent);
  const progress = new TransactionProgress(onEvent, () => backup.readLastTransaction());
  const transactions = new TransactionsInTransit({
    log: backup.log,
    place: source.place,
    onProgress: (done) => progress.advance(done),
  });
  await source.fullCopy(
    {
      openFile: (file) => copy.openFile(file),
      filesAnnounced: (announced) => copy.filesAnnounced(announced),
      genericIndexes: (minorVersion) => copy.genericIndexes(minorVersion),
      transactionBytes: (chunk) => transactions.transactionBytes(chunk),
      transactionsFrom: (first) => progress.begin(first),
    },
    signal,
  );
  const known = backup.readLastTransaction();
  await backup.requireSupported();
  const received = transactions.end();
  requireUnbroken(received, known, source.place);
  progress.end(received, known);
  const { files, bytes } = copy;
  onEvent({ kind: 'copy-ended', files, bytes });
  const lastTransaction = await backup.finish(received, signal);
  const firstTransaction = received.first ?? lastTransaction;
  return { kind: 'full', firstTransaction, lastTransaction, bytes: bytes + received.bytes, files };
}

/**
 * Checks that the transactions leave no gap to the last transaction that `neostore` knows, and reach it. They begin after the check point
 * of the copy, and end with the newest one at the time when the last file, `neostore`, was read (spec common-protocol 14).
 */
function requireUnbroken({ first, last }: ReceivedTransactions, known: number, place: ErrorPlace): void {
  if (first === undefined || last === undefined || (first <= known + 1 && last >= known)) return;
  throw new GraphkeepError('peer.protocol', 'the transactions of the copy do not fit its files', {
    place,
    observed: `transactions ${first} to ${last}; the files know ${known}`,
  });
}
