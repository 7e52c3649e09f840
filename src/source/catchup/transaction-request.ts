import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { CatchupOutcome } from '../../protocol/catchup/catchup-response.ts';
import type { MemberLine } from './member-line.ts';
import type { MemberOptions } from './member-options.ts';
import { RetryPlan } from './retry-plan.ts';
import { describeRefusal, unexpectedOutcome } from './status-errors.ts';
import { TransactionPull, type TransactionPullOptions } from './transaction-pull.ts';

/** A broken stream of transactions is given up earlier than a file: an incremental backup is quickly repeated. */
const MAX_RETRY_MS = 2 * 60_000;

const what = 'Pulling transactions';

export interface WantedTransactions extends Omit<TransactionPullOptions, 'peer' | 'dropFirst'> {
  /** Request `after` as well, to verify that it exists. If the server's log begins just after it, the request goes without. */
  withOverlap: boolean;
}

/**
 * Receives every transaction after `after` that the server has (spec catchup-protocol 13). A stream that breaks off is continued on a new
 * connection after the last delivered byte.
 */
export async function pullTransactions(
  line: MemberLine,
  options: MemberOptions,
  signal: AbortSignal,
  { withOverlap, after, ...wanted }: WantedTransactions,
): Promise<void> {
  const { retry, peer, onRetry } = options;
  if (withOverlap) {
    const overlapping = new TransactionPull({ ...wanted, peer, after: after - 1, dropFirst: true });
    try {
      const newest = await pullAll(overlapping, after);
      // A store that was only recovered since has `after` in no log, and nothing after it (spec catchup-protocol 13.2).
      if (overlapping.last >= after || newest === after) return;
      throw withoutOverlap(after, peer);
    } catch (error) {
      if (!hasCode(error, 'peer.history-pruned') || overlapping.last >= after) throw error;
    }
  }
  await pullAll(new TransactionPull({ ...wanted, peer, after, dropFirst: false }));

  /** Returns the last transaction that the server names; if none comes, that may be up to `known`. */
  async function pullAll(pull: TransactionPull, known = after): Promise<number> {
    const limits = { ...retry, maxTimeMs: Math.min(retry.maxTimeMs, MAX_RETRY_MS) };
    const plan = new RetryPlan(limits, signal, (error, attempt) =>
      onRetry({ request: 'transactions' }, error, attempt),
    );
    for (;;) {
      const { last, progress } = pull;
      try {
        const outcome = await line.request({ kind: 'transactions', after: last, storeId: wanted.storeId }, pull);
        const newest = readEnd(outcome, last, pull.last, Math.max(known, last), peer);
        if (newest !== undefined) return newest;
      } catch (error) {
        plan.noteProgress(pull.progress - progress);
        await plan.pause(error);
      }
    }
  }
}

function withoutOverlap(transaction: number, peer: string): GraphkeepError {
  return new GraphkeepError(
    'peer.protocol',
    `the server does not have transaction ${transaction} of its own check point`,
    {
      place: { peer },
    },
  );
}

/**
 * The last transaction as the server names it. Undefined = there is more, or the server's log ended early: request again. Without progress
 * that would never end.
 */
function readEnd(
  outcome: CatchupOutcome,
  before: number,
  last: number,
  known: number,
  peer: string,
): number | undefined {
  if (outcome.kind !== 'streamFinished') throw unexpectedOutcome(outcome);
  const { status, transactionId } = outcome;
  if (status !== 'SUCCESS_END_OF_STREAM') {
    const mayGoOn = status === 'SUCCESS_END_OF_BATCH' || status === 'E_TRANSACTION_PRUNED';
    if (mayGoOn && last > before) return undefined;
    throw describeRefusal(status, what, peer);
  }
  // If there is nothing new, the server names its last transaction.
  const isRight = last > before ? transactionId === last : transactionId <= known;
  if (isRight) return transactionId;
  throw new GraphkeepError('peer.protocol', 'the server says that all transactions were sent, but they were not', {
    place: { peer },
    observed: `the last one is ${transactionId}; received up to ${last}`,
  });
}
