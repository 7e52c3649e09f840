import { GraphkeepError } from '../../base/errors.ts';
import { formatAddress, type ServerAddress } from '../../net/server-address.ts';
import type { CommonRequest } from '../../protocol/backup-protocol/request.ts';
import type { ResponseHandler } from '../../protocol/backup-protocol/response-decoder.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import type { BackupSource, CopyReceiver, StoreIdReceiver, TransactionReceiver } from '../backup-source.ts';
import { FullCopyHandler, TransactionsHandler } from './answer-handlers.ts';
import { CONNECT_TIMEOUT_MS, exchange } from './exchange.ts';
import { describeServerFailure } from './server-failure.ts';

export interface CommonSourceOptions {
  address: ServerAddress;
  /** Longest silence of the server while an answer is due; 0 = no limit. A full copy begins with a check point of the server. */
  timeoutMs: number;
  connectTimeoutMs?: number;
}

/** A single or HA server of Neo4j 3.1 to 3.5, asked in the common backup protocol (spec 16.1). One connection per request. */
export class CommonSource implements BackupSource {
  readonly kind = 'common';
  /** The last protocol to be tried: there is no better one. */
  readonly isRightProtocol = true;
  private readonly options: CommonSourceOptions;

  constructor(options: CommonSourceOptions) {
    this.options = options;
  }

  describeAddress(): string {
    return formatAddress(this.options.address);
  }

  async fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreId }> {
    const handler = new FullCopyHandler(receiver, this.describeAddress());
    await this.ask({ kind: 'full', forensics: false }, handler, signal);
    return { storeId: handler.requireStoreId() };
  }

  async transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreId }> {
    if (!Number.isSafeInteger(lastTransactionId) || lastTransactionId < 1) {
      // The server would answer "nothing new" (spec 10).
      throw new GraphkeepError('internal', 'transactions are asked for after an impossible one', {
        observed: lastTransactionId,
      });
    }
    const handler = new TransactionsHandler(receiver);
    await this.ask({ kind: 'incremental', lastTransactionId }, handler, signal);
    return { storeId: handler.requireStoreId() };
  }

  private async ask(request: CommonRequest, handler: ResponseHandler, signal: AbortSignal): Promise<void> {
    const { address, timeoutMs, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.options;
    const outcome = await exchange({ address, request, handler, timeoutMs, connectTimeoutMs, signal });
    if (outcome.kind === 'failure') {
      throw describeServerFailure(outcome.payload, request.kind, { peer: this.describeAddress() });
    }
  }
}
