import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { formatAddress } from '../../net/server-address.ts';
import type { CatchupStoreId } from '../../protocol/catchup/store-id-field.ts';
import type { BackupSource, CopyReceiver, StoreIdReceiver, TransactionReceiver } from '../backup-source.ts';
import { requireTransactionId, SourceCalls } from '../source-calls.ts';
import { MemberLine } from './member-line.ts';
import type { MemberOptions } from './member-options.ts';
import { unexpectedOutcome } from './status-errors.ts';
import { StoreCopy } from './store-copy.ts';
import { pullTransactions } from './transaction-request.ts';

export type CatchupSourceOptions = Omit<MemberOptions, 'peer'>;

/** A core or read replica of a causal cluster of Neo4j 3.4 or 3.5, through the catchup protocol (spec catchup-protocol 15). */
export class CatchupSource implements BackupSource {
  isRightProtocol = false;
  readonly place: ErrorPlace;
  private readonly options: MemberOptions;
  private readonly calls = new SourceCalls();

  constructor(options: CatchupSourceOptions) {
    this.options = { ...options, peer: formatAddress(options.address) };
    this.place = { peer: this.options.peer };
  }

  fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: CatchupStoreId }> {
    return this.withLine(signal, async (line, running) => {
      const storeId = await this.askStoreId(line);
      const checkPoint = await new StoreCopy(this.options, storeId, receiver).receive(line, running);
      receiver.transactionsFrom?.(checkPoint);
      // The files include the effects of C. It is requested only to verify that the log belongs to the check point. Transaction 1 is in no
      // log.
      const wanted = { receiver, storeId, after: checkPoint, withOverlap: checkPoint > 1 };
      await pullTransactions(line, this.options, running, wanted);
      return { storeId };
    });
  }

  transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: CatchupStoreId }> {
    return this.withLine(signal, async (line, running) => {
      requireTransactionId(lastTransactionId);
      const storeId = await this.askStoreId(line);
      receiver.storeId(storeId);
      receiver.transactionsFrom?.(lastTransactionId + 1);
      const wanted = { receiver, storeId, after: lastTransactionId, withOverlap: false };
      await pullTransactions(line, this.options, running, wanted);
      return { storeId };
    });
  }

  close(): Promise<void> {
    return this.calls.close();
  }

  /** The first connection stays in use to the end if it holds: a server may keep its log for the client that prepared a copy on it. */
  private withLine<T>(signal: AbortSignal, use: (line: MemberLine, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.calls.run(signal, async (running) => {
      const line = new MemberLine(this.options, running);
      try {
        return await use(line, running);
      } finally {
        line.close();
      }
    });
  }

  private async askStoreId(line: MemberLine): Promise<CatchupStoreId> {
    const outcome = await line.request({ kind: 'storeId' }, {});
    if (outcome.kind !== 'storeId') throw unexpectedOutcome(outcome);
    this.isRightProtocol = true;
    if (outcome.storeId !== undefined) return outcome.storeId;
    throw new GraphkeepError('peer.failure', 'the server does not know its store at the moment', {
      place: this.place,
      hint: 'The member is replacing its store. Wait, or back up from another member.',
    });
  }
}
