import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { CatchupRequest } from '../../protocol/catchup/catchup-request.ts';
import type { StreamStatus } from '../../protocol/catchup/catchup-response.ts';
import type { ServedTransactions } from '../database/served-database.ts';
import { type AnswerScope, requireSameStore } from './answer-scope.ts';

type PullRequest = Extract<CatchupRequest, { kind: 'transactions' }>;

/** How a stream of transactions ends. */
interface StreamEnd {
  status: StreamStatus;
  transactionId: number;
}

/**
 * TX_PULL_REQUEST (spec catchup-protocol 13): the transactions after `after`, up to the last one that is durable now. Ends the connection's
 * lease: the files were copied before.
 */
export async function writeTransactions({ after, storeId }: PullRequest, scope: AnswerScope): Promise<void> {
  const { database, writer, lease } = scope;
  const last = database.lastTransaction;
  try {
    if (after <= 0 && !beginsAtNothing(after, scope)) throw impossible(after);
    requireSameStore(storeId, scope);
    if (last <= after || (after === 0 && last === 1)) {
      await writer.streamFinished('SUCCESS_END_OF_STREAM', last);
      return;
    }
    const transactions = await openTransactions(after, scope);
    if (transactions === undefined) {
      await writer.streamFinished('SUCCESS_END_OF_STREAM', after + 1);
      return;
    }
    lease?.letFilesMove();
    await writer.streamFinished('SUCCESS_END_OF_STREAM', await writeEach(transactions, scope));
  } finally {
    lease?.close();
    scope.lease = undefined;
  }
}

/** There is nothing to request before the first transaction; a new database has no other (spec catchup-protocol 13.2). */
function beginsAtNothing(after: number, { database, lease }: AnswerScope): boolean {
  return after === 0 && (database.lastTransaction === 1 || lease?.copy.lastTransaction === 1);
}

/**
 * A client requests C too, to begin its log with it. C may be in no log any more: the log of a store that was only recovered since holds
 * nothing but a check point. If the client's files are exactly those of C, they are all that it needs: returns undefined.
 */
async function openTransactions(after: number, scope: AnswerScope): Promise<ServedTransactions | undefined> {
  const { database, lease, signal } = scope;
  try {
    if (after === 0) throw new GraphkeepError('serve.history-pruned', 'no log holds transaction 1', { observed: 1 });
    return await database.openTransactions(after, signal);
  } catch (error) {
    const isExact = lease?.copy.isStill === true && lease.copy.lastTransaction === after + 1;
    if (hasCode(error, 'serve.history-pruned') && isExact) return undefined;
    throw error;
  }
}

/** Returns the last transaction sent. */
async function writeEach(transactions: ServedTransactions, scope: AnswerScope): Promise<number> {
  const { writer, signal, database } = scope;
  let sent = 0;
  try {
    for await (const { transactionId, bytes } of transactions.each()) {
      throwIfCancelled(signal);
      scope.isBroken = true;
      await writer.beginTransaction(database.storeId, bytes.length);
      await writer.transactionBytes(bytes);
      writer.endTransaction();
      scope.isBroken = false;
      sent = transactionId;
    }
    return sent;
  } finally {
    transactions.close();
  }
}

/** Tells a client why its stream ends (spec catchup-protocol 13). `last`: the last transaction of the database, 0 if there is none. */
export function endOfFailedStream(error: unknown, last: number): StreamEnd {
  const end = (status: StreamStatus): StreamEnd => ({ status, transactionId: last });
  if (hasCode(error, 'peer.protocol')) return { status: 'E_INVALID_REQUEST', transactionId: -1 };
  if (hasCode(error, 'serve.other-store')) return end('E_STORE_ID_MISMATCH');
  if (hasCode(error, 'serve.history-pruned', 'log.gap')) return end('E_TRANSACTION_PRUNED');
  return end('E_STORE_UNAVAILABLE');
}

function impossible(after: number): GraphkeepError {
  return new GraphkeepError('peer.protocol', 'the client asks for transactions after an impossible one', {
    observed: after,
  });
}
