import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { startTimer } from '../../base/timers.ts';
import type { CommonRequest } from '../../protocol/backup-protocol/request.ts';
import type { ResponseWriter } from '../../protocol/backup-protocol/response-writer.ts';
import { formatStoreId, wasUpgraded } from '../../store/files/store-id.ts';
import type { ServedCopy, ServedDatabase, ServedPlace, ServedTransactions } from '../database/served-database.ts';

export interface AnswerOptions {
  place: ServedPlace;
  signal: AbortSignal;
  /** Longest time that a full copy may prevent check points. */
  maxHoldMs: number;
  /** Called when that time is over; must abort {@link signal}. */
  onHeldTooLong: () => void;
}

/**
 * Writes the answer to one request (spec common-protocol 8, 10, 14). Nothing can be sent before the first file is read: while the database
 * makes the check point for a full copy, only the client's read timeout applies.
 *
 * @throws any failure; the caller must then end the message with a failure
 */
export async function writeAnswer(
  request: CommonRequest,
  writer: ResponseWriter,
  options: AnswerOptions,
): Promise<void> {
  const database = await options.place.current(options.signal);
  if (request.kind === 'full') await writeFullCopy(database, request.forensics, writer, options);
  else await writeIncrement(database, request.lastTransactionId, writer, options);
}

async function writeFullCopy(
  database: ServedDatabase,
  logs: boolean,
  writer: ResponseWriter,
  options: AnswerOptions,
): Promise<void> {
  const { signal, maxHoldMs, onHeldTooLong } = options;
  const copy = await database.openFullCopy(signal, { logs });
  const limit = copy.holdsCheckPoints && maxHoldMs > 0 ? startTimer(onHeldTooLong, maxHoldMs) : undefined;
  // Waiting for a slow client must not hold up check points.
  const release = () => copy.close();
  signal.addEventListener('abort', release, { once: true });
  try {
    throwIfCancelled(signal);
    await writeFiles(copy, writer, signal);
    throwIfCancelled(signal);
    const transactions = await copy.openTransactions();
    clearTimeout(limit);
    await writeTransactions(database, transactions, writer, options);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', release);
    copy.close();
  }
}

async function writeFiles(copy: ServedCopy, writer: ResponseWriter, signal: AbortSignal): Promise<void> {
  for (const file of copy.files) {
    throwIfCancelled(signal);
    const { name, alignment } = file;
    await writer.beginFile({ name, alignment, empty: file.sizeBytes === 0 });
    for await (const piece of copy.readFile(file, signal)) await writer.fileBytes(piece);
    await writer.endFile();
  }
  await writer.endFiles();
}

async function writeIncrement(
  database: ServedDatabase,
  after: number,
  writer: ResponseWriter,
  options: AnswerOptions,
): Promise<void> {
  if (after < 1) {
    // A Java server sends nothing here, and the client believes that it is up to date (spec common-protocol 10).
    throw new GraphkeepError('peer.protocol', 'the client asks for transactions after an impossible one', {
      observed: after,
    });
  }
  await requireAfterUpgrade(after, writer, database);
  const transactions = await database.openTransactions(after, options.signal);
  await writeTransactions(database, transactions, writer, options);
}

/**
 * Refuses an incremental across a store upgrade that the client may have missed. The request names no store, and the Java client does not
 * notice the upgrade: it would apply transactions to records that they do not fit. A client whose last transaction is the one just before
 * the upgrade may have copied it afterwards; it is refused too, and makes one full backup. The store id is sent first, for clients that
 * compare it.
 *
 * @throws GraphkeepError `serve.other-store`
 */
async function requireAfterUpgrade(after: number, writer: ResponseWriter, database: ServedDatabase): Promise<void> {
  const { storeId, lastTransaction } = database;
  const { upgradeTransactionId } = storeId;
  if (!wasUpgraded(storeId) || after > upgradeTransactionId || lastTransaction <= upgradeTransactionId) return;
  await writer.storeIdAlone(storeId);
  throw new GraphkeepError('serve.other-store', 'the backup of the client may be from before an upgrade of the store', {
    observed: `transaction ${after}; ${formatStoreId(storeId)}`,
  });
}

async function writeTransactions(
  database: ServedDatabase,
  transactions: ServedTransactions,
  writer: ResponseWriter,
  { signal }: AnswerOptions,
): Promise<void> {
  try {
    await writer.storeId(database.storeId);
    for await (const piece of transactions) {
      throwIfCancelled(signal);
      await writer.transactions(piece);
    }
    await writer.finish();
  } finally {
    transactions.close();
  }
}
