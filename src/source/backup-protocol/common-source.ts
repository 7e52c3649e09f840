import type { ErrorPlace } from '../../base/errors.ts';
import { formatAddress, type ServerAddress } from '../../net/server-address.ts';
import type { CommonRequest } from '../../protocol/backup-protocol/request.ts';
import type { ResponseHandler } from '../../protocol/backup-protocol/response-decoder.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import type { BackupSource, CopyReceiver, StoreIdReceiver, TransactionReceiver } from '../backup-source.ts';
import { requireTransactionId, SourceCalls } from '../source-calls.ts';
import { FullCopyHandler, TransactionsHandler } from './answer-handlers.ts';
import { CONNECT_TIMEOUT_MS, exchange } from './exchange.ts';
import { describeServerFailure } from './server-failure.ts';

export interface CommonSourceOptions {
  address: ServerAddress;
  /** Longest silence of the server while an answer is due; 0 = no limit. Before a full copy the server makes a check point. */
  timeoutMs: number;
  connectTimeoutMs?: number;
}

/**
 * A standalone or HA server of Neo4j 3.1 to 3.5, through the common backup protocol (spec common-protocol 16). One connection per request.
 */
export class CommonSource implements BackupSource {
  /** The last protocol to be tried: there is no better one. */
  readonly isRightProtocol = true;
  readonly place: ErrorPlace;
  private readonly options: CommonSourceOptions;
  private readonly peer: string;
  private readonly calls = new SourceCalls();

  constructor(options: CommonSourceOptions) {
    this.options = options;
    this.peer = formatAddress(options.address);
    this.place = { peer: this.peer };
  }

  async fullCopy(receiver: CopyReceiver & TransactionReceiver, signal: AbortSignal): Promise<{ storeId: StoreId }> {
    const handler = new FullCopyHandler(receiver, this.peer);
    await this.ask({ kind: 'full', forensics: false }, handler, signal);
    return { storeId: handler.requireStoreId() };
  }

  async transactionsAfter(
    lastTransactionId: number,
    receiver: TransactionReceiver & StoreIdReceiver,
    signal: AbortSignal,
  ): Promise<{ storeId: StoreId }> {
    requireTransactionId(lastTransactionId);
    const handler = new TransactionsHandler(receiver);
    await this.ask({ kind: 'incremental', lastTransactionId }, handler, signal);
    return { storeId: handler.requireStoreId() };
  }

  close(): Promise<void> {
    return this.calls.close();
  }

  private async ask(request: CommonRequest, handler: ResponseHandler, signal: AbortSignal): Promise<void> {
    const { address, timeoutMs, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.options;
    const outcome = await this.calls.run(signal, (running) =>
      exchange({ address, request, handler, timeoutMs, connectTimeoutMs, signal: running }),
    );
    if (outcome.kind === 'failure') throw describeServerFailure(outcome.payload, request.kind, this.place);
  }
}
