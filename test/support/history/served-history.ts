import { LogReader } from '../../../src/log/v3/log-reader.ts';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { readMetadata, storeIdOf } from '../../../src/store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../../src/store/files/store-files.ts';
import type { StoreId } from '../../../src/store/files/store-id.ts';

export interface ServedTransaction {
  id: number;
  /** `Start Command* Commit`, as in the log. */
  bytes: Buffer;
  checksum: bigint;
}

/** The content of a server: store files as of a check point, and the transactions of its log. */
export interface ServedHistory {
  /** Directory of the store files. Logs, id files and locks in it are not served. */
  folder: string;
  storeId: StoreId;
  /** The files hold every transaction up to this one. */
  checkPoint: number;
  /** From all log files, without gaps; those up to {@link checkPoint} may be missing. */
  transactions: ServedTransaction[];
}

/** The history of a store directory left by a server, cleanly shut down or not. */
export function readHistory(folder: string): ServedHistory {
  const from = findRecoveryStart(folder).position!;
  const { lastTransactionId } = readMetadata(`${folder}/${METADATA_FILE}`);
  const transactions: ServedTransaction[] = [];
  let checkPoint: number | undefined;
  const reader = new LogReader(folder);
  for (const item of reader) {
    if (item.kind !== 'transaction') continue;
    const isBehind = item.version > from.version || (item.version === from.version && item.startOffset >= from.offset);
    if (isBehind) checkPoint ??= item.transactionId - 1;
    transactions.push({ id: item.transactionId, bytes: Buffer.from(item.bytes), checksum: item.checksum });
  }
  reader.close();
  const storeId = storeIdOf(readMetadata(`${folder}/${METADATA_FILE}`));
  return { folder, storeId, checkPoint: checkPoint ?? lastTransactionId, transactions };
}

export function newestOf(history: ServedHistory): number {
  return history.transactions.at(-1)?.id ?? history.checkPoint;
}
