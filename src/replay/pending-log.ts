import { readdirSync } from 'node:fs';
import { IdleVisitor } from '../log/v3/fields/transaction-visitor.ts';
import { LogReader } from '../log/v3/log-reader.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { walkTransaction } from '../log/v3/transaction-walker.ts';
import { readMetadataIn } from '../store/files/neostore-metadata.ts';
import { classifyDatabaseFile } from '../store/files/store-files.ts';

/** Transactions that wait for a server to apply them to explicit indexes, label scan store and schema indexes. */
export interface PendingLog {
  first: number;
  last: number;
}

/**
 * Returns the pending log if {@link recoverStore} left the log to a server: it changes explicit indexes, records and counts are as of its
 * end, label scan store and indexes as of the check point. Undefined for any other store, closed cleanly or not. Unlike in the store of a
 * crashed server, `neostore` names the end of the log, and there are no id files.
 */
export function findPendingLog(directory: string): PendingLog | undefined {
  const { needed, position, tornBytes, lastGoodEnd, lastTransaction } = findRecoveryStart(directory);
  if (!needed || position === undefined || tornBytes > 0 || lastTransaction === undefined) return undefined;
  const { lastClosedLogVersion, lastClosedLogOffset, lastTransactionId } = readMetadataIn(directory);
  // A check point may follow the last transaction.
  const named = [lastTransaction.end, lastGoodEnd].some(
    (end) => end?.version === lastClosedLogVersion && end.offset === lastClosedLogOffset,
  );
  const namesTheEnd = named && lastTransactionId === lastTransaction.transactionId;
  if (!namesTheEnd || hasIdFiles(directory)) return undefined;
  const seen = new ExplicitIndexWatch();
  let first: number | undefined;
  const reader = new LogReader(directory, { from: position });
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind !== 'transaction') continue;
      first ??= item.transactionId;
      walkTransaction(item.buffer, item.start, item.end, seen);
      if (seen.explicitIndexes) return { first, last: lastTransactionId };
    }
  } finally {
    reader.close();
  }
  return undefined;
}

/** A server creates them at its start, and replay removes them. */
function hasIdFiles(directory: string): boolean {
  return readdirSync(directory).some((name) => classifyDatabaseFile(name) === 'id-file');
}

class ExplicitIndexWatch extends IdleVisitor {
  explicitIndexes = false;

  override explicitIndex(): void {
    this.explicitIndexes = true;
  }
}
