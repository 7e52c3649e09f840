import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type {
  CatchupOutcome,
  CopyStatus,
  PrepareStatus,
  StreamStatus,
} from '../../protocol/catchup/catchup-response.ts';

type Failure = Exclude<PrepareStatus | CopyStatus | StreamStatus, 'SUCCESS' | 'SUCCESS_END_OF_STREAM'>;

/** The meaning of each refusal status (spec catchup-protocol 8.2, 13). */
const meanings: Record<Failure, { code: ErrorCode; message: string; hint?: string }> = {
  E_STORE_ID_MISMATCH: {
    code: 'peer.other-store',
    message: 'the database of the server is another one now',
    hint: 'The member has replaced its store while it was backed up. Run the command again.',
  },
  E_LISTING_STORE: { code: 'peer.failure', message: 'the server cannot make a check point or list its files' },
  E_TOO_FAR_BEHIND: { code: 'peer.failure', message: 'the server has no check point that is new enough' },
  E_UNKNOWN: { code: 'peer.failure', message: 'the server cannot read what it was asked for' },
  SUCCESS_END_OF_BATCH: { code: 'peer.hostile', message: 'the server ends batch after batch without any transaction' },
  E_STORE_UNAVAILABLE: {
    code: 'peer.failure',
    message: 'the database of the server is not available',
    hint: 'The member is starting, stopping or replacing its store. Wait, or back up from another member.',
  },
  E_TRANSACTION_PRUNED: {
    code: 'peer.history-pruned',
    message: 'the server has the next transactions no longer',
  },
  E_INVALID_REQUEST: { code: 'peer.protocol', message: 'the server calls the request invalid' },
};

/** The error for a refusal; `what` was requested. */
export function describeRefusal(status: Failure, what: string, peer: string): GraphkeepError {
  const { code, message, hint } = meanings[status];
  return new GraphkeepError(code, `${what}: ${message}`, {
    place: { peer },
    observed: status,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The decoder accepts only outcomes of the request that was made. */
export function unexpectedOutcome(outcome: CatchupOutcome): GraphkeepError {
  return new GraphkeepError('internal', `an answer of another kind was accepted: ${outcome.kind}`);
}
