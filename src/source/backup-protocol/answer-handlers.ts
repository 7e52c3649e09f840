import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import type { ResponseHandler } from '../../protocol/backup-protocol/response-decoder.ts';
import type { Wait } from '../../protocol/delivery.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import type { CopyReceiver, FileReceiver, StoreIdReceiver, TransactionReceiver } from '../backup-source.ts';
import { NeostoreProbe } from '../neostore-probe.ts';
import { ReceivedNames } from '../received-names.ts';

/** The common part of both kinds of answers: the store id, then transactions. */
export class TransactionsHandler implements ResponseHandler {
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

  /** A complete answer has a store id. */
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

/** Checks file names and the store id of a full copy on their way to the receiver. */
export class FullCopyHandler extends TransactionsHandler {
  private readonly copy: CopyReceiver;
  private file: FileReceiver | undefined;
  private readonly peer: string;
  private readonly names = new ReceivedNames();
  private readonly neostore = new NeostoreProbe();

  constructor(receiver: CopyReceiver & TransactionReceiver, peer: string) {
    super({ transactionBytes: (chunk) => receiver.transactionBytes(chunk) });
    this.copy = receiver;
    this.peer = peer;
  }

  override beginFile(received: string, alignment: number, empty: boolean, offset: number): Wait {
    const name = this.names.accept(received, this.placeAt(offset));
    this.neostore.beginFile(name);
    return this.copy.openFile({ name, alignment, empty }).then((file) => {
      this.file = file;
    });
  }

  override fileBytes(chunk: Buffer): Wait {
    this.neostore.fileBytes(chunk);
    return this.file!.bytes(chunk);
  }

  override endFile(): Wait {
    return this.file!.end();
  }

  override storeId(id: StoreId, offset: number): void {
    this.neostore.requireStoreId(id, this.placeAt(offset));
    super.storeId(id, offset);
  }

  private placeAt(offset: number): ErrorPlace {
    return { peer: this.peer, offset };
  }
}
