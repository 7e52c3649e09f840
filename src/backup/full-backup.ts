import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import { recoverStore } from '../replay/recover.ts';
import { eventsOfRecovery } from '../replay/recovery-events.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { patchMetadata, readMetadata } from '../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import { requireSupportedStore } from '../store/files/supported-store.ts';
import type { BackupEvent } from './backup-events.ts';
import { ReceivedCopy } from './received-copy.ts';
import { ReceivedLog, type ReceivedTransactions } from './received-log.ts';
import type { TargetDirectory } from './target-directory.ts';
import { TransactionProgress } from './transaction-progress.ts';

export interface BackupOutcome {
  kind: 'full' | 'incremental' | 'unchanged';
  firstTransaction: number;
  lastTransaction: number;
  bytes: number;
  files: number;
}

/**
 * Receives a full copy into the scratch directory of the target and makes it exact. The caller publishes it. The transactions that come
 * behind the files begin at the check point of the copy, so replay begins at the beginning of their log (spec common-protocol 15.2).
 */
export async function makeFullBackup(
  source: BackupSource,
  target: TargetDirectory,
  onEvent: (event: BackupEvent) => void,
  budgetBytes: number,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const folder = await target.beginFullCopy();
  const copy = new ReceivedCopy(folder, onEvent);
  const logVersion = (): number => readReceivedMetadata(folder, source).logVersion;
  const progress = new TransactionProgress(onEvent, () => readReceivedMetadata(folder, source).lastTransactionId);
  const log = new ReceivedLog({
    folder,
    version: logVersion,
    place: source.place,
    onProgress: (done) => progress.advance(done),
  });
  try {
    await source.fullCopy(
      {
        openFile: (file) => copy.openFile(file),
        filesAnnounced: (announced) => onEvent({ kind: 'files-announced', ...announced }),
        transactionBytes: (chunk) => log.transactionBytes(chunk),
        transactionsFrom: (first) => progress.begin(first),
      },
      signal,
    );
    const { lastTransactionId } = readReceivedMetadata(folder, source);
    await requireSupportedStore(folder, 'change');
    const received = await log.finish(lastTransactionId);
    requireUnbroken(received, lastTransactionId, source);
    progress.end(received, lastTransactionId);
    // The position of the source does not exist in the new log.
    const start = { version: logVersion(), offset: LOG_HEADER_BYTES };
    patchMetadata(join(folder, METADATA_FILE), {
      lastClosedLogVersion: start.version,
      lastClosedLogOffset: start.offset,
    });
    onEvent({ kind: 'copy-ended', files: copy.files, bytes: copy.bytes });
    const scratch = await target.scratch('replay');
    const recovery = await recoverStore(folder, { start, storeIsExact: false, budgetBytes, scratch, signal, onEvent });
    onEvent({ kind: 'flush-began' });
    await copy.finish();
    for (const event of eventsOfRecovery(recovery)) onEvent(event);
    return {
      kind: 'full',
      firstTransaction: received.first ?? recovery.lastTransaction,
      lastTransaction: recovery.lastTransaction,
      bytes: copy.bytes + received.bytes,
      files: copy.files,
    };
  } catch (error) {
    log.abandon();
    await copy.abandon();
    throw error;
  }
}

function readReceivedMetadata(folder: string, source: BackupSource) {
  const path = join(folder, METADATA_FILE);
  if (!existsSync(path)) {
    throw new GraphkeepError('peer.protocol', `the copy holds no file ${METADATA_FILE}`, {
      place: source.place,
    });
  }
  return readMetadata(path);
}

/**
 * The transactions begin behind the check point of the copy and end with the newest one when the last file, `neostore`, was read. So they
 * leave no gap to the last transaction that `neostore` knows, and reach it (spec common-protocol 14).
 */
function requireUnbroken({ first, last }: ReceivedTransactions, known: number, source: BackupSource): void {
  if (first === undefined || last === undefined || (first <= known + 1 && last >= known)) return;
  throw new GraphkeepError('peer.protocol', 'the transactions of the copy do not fit its files', {
    place: source.place,
    observed: `transactions ${first} to ${last}; the files know ${known}`,
  });
}
