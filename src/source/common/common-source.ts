import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import type { Wait } from '../../protocol/common/delivery.ts';
import type { CommonRequest } from '../../protocol/common/request.ts';
import type { ResponseHandler } from '../../protocol/common/response-decoder.ts';
import type { StoreId } from '../../store/store-id.ts';
import type { BackupSource, CopyReceiver, StoreIdReceiver, TransactionReceiver } from '../backup-source.ts';
import { ReceivedNames } from '../received-names.ts';
import { CONNECT_TIMEOUT_MS, exchange } from './exchange.ts';
import { NeostoreProbe } from './neostore-probe.ts';
import { formatAddress, type ServerAddress } from './server-address.ts';
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

/** What both kinds of answers have in common: the store id, then transactions. */
class TransactionsHandler implements ResponseHandler {
  private id: StoreId | undefined;
  private readonly transactions: TransactionReceiver & Partial<StoreIdReceiver>;

  constructor(receiver: TransactionReceiver & Partial<StoreIdReceiver>) {
    this.transactions = receiver;
  }

  storeId(id: StoreId, _offset: number): void {
    this.id = id;
    this.transactions.storeId?.(id);
  }

  transactionBytes(chunk: Buffer): Wait {
    return this.transactions.transactionBytes(chunk);
  }

  /** A complete answer has one. */
  requireStoreId(): StoreId {
    if (this.id === undefined) throw new GraphkeepError('internal', 'an answer without a store id was accepted');
    return this.id;
  }

  beginFile(_name: string, _alignment: number, _empty: boolean, _offset: number): Wait {
    throw new GraphkeepError('internal', 'a file in an answer that has none');
  }

  fileBytes(_chunk: Buffer): Wait {}

  endFile(): Wait {}
}

/** Checks names and the store id of a full copy on the way to the receiver. */
class FullCopyHandler extends TransactionsHandler {
  private readonly files: CopyReceiver;
  private readonly peer: string;
  private readonly names = new ReceivedNames();
  private readonly neostore = new NeostoreProbe();

  constructor(receiver: CopyReceiver & TransactionReceiver, peer: string) {
    super({ transactionBytes: (chunk) => receiver.transactionBytes(chunk) });
    this.files = receiver;
    this.peer = peer;
  }

  override beginFile(received: string, alignment: number, empty: boolean, offset: number): Wait {
    const name = this.names.accept(received, this.placeAt(offset));
    this.neostore.beginFile(name);
    return this.files.beginFile({ name, alignment, empty });
  }

  override fileBytes(chunk: Buffer): Wait {
    this.neostore.fileBytes(chunk);
    return this.files.fileBytes(chunk);
  }

  override endFile(): Wait {
    return this.files.endFile();
  }

  override storeId(id: StoreId, offset: number): void {
    this.neostore.requireStoreId(id, this.placeAt(offset));
    super.storeId(id, offset);
  }

  private placeAt(offset: number): ErrorPlace {
    return { peer: this.peer, offset };
  }
}
