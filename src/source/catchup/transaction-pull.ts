import { createHash, type Hash } from 'node:crypto';
import { GraphkeepError } from '../../base/errors.ts';
import type { CatchupStoreId } from '../../protocol/catchup/store-id-field.ts';
import type { Wait } from '../../protocol/delivery.ts';
import { relateStores } from '../../store/files/store-id.ts';
import type { TransactionReceiver } from '../backup-source.ts';
import type { AnswerHandler } from './request-stream.ts';

/** Transactions up to this size are delivered as a whole; of larger ones, a hash of what was delivered is kept. */
const HELD_BYTES = 64 * 1024;

/** The beginning of a large transaction that was delivered before the connection was lost. */
interface Beginning {
  bytes: number;
  hash: Hash;
}

export interface TransactionPullOptions {
  receiver: TransactionReceiver;
  storeId: CatchupStoreId;
  peer: string;
  /** The first transaction to come has the next id. */
  after: number;
  /** Drop the first transaction: it is requested only to verify that it exists. */
  dropFirst: boolean;
}

/**
 * Receives the transactions of one or more answers to TX_PULL, each continuing where the previous one broke off, and delivers them without
 * gaps or repeats (spec catchup-protocol 13).
 */
export class TransactionPull implements AnswerHandler {
  /** Last transaction received as a whole. */
  last: number;
  private readonly options: TransactionPullOptions;
  private readonly held = Buffer.allocUnsafeSlow(HELD_BYTES);
  private size = 0;
  private position = 0;
  private beginning: Beginning | undefined;
  /** Hash of the repeated part of {@link beginning}. */
  private repeated: Hash | undefined;
  private handedOn = 0;

  constructor(options: TransactionPullOptions) {
    this.options = options;
    this.last = options.after;
  }

  /** Grows with everything delivered: equal values mean that nothing was delivered in between. */
  get progress(): number {
    return this.handedOn;
  }

  beginTransaction(storeId: CatchupStoreId, size: number, offset: number): Wait {
    const { peer } = this.options;
    if (relateStores(storeId, this.options.storeId) !== 'same') {
      throw new GraphkeepError('peer.hostile', 'the server sends a transaction of another database', {
        place: { peer, offset },
      });
    }
    this.size = size;
    this.position = 0;
    if (this.beginning === undefined) return;
    if (size <= HELD_BYTES || size < this.beginning.bytes) throw this.differs(`${size} bytes`);
    this.repeated = createHash('sha256');
  }

  transactionBytes(chunk: Buffer): Wait {
    const at = this.position;
    this.position += chunk.length;
    if (this.size <= HELD_BYTES) {
      chunk.copy(this.held, at);
      return;
    }
    if (this.isDropped) return;
    return this.takeLarge(chunk, at);
  }

  endTransaction(transactionId: number): Wait {
    if (transactionId !== this.last + 1) {
      throw new GraphkeepError('peer.hostile', `the transactions do not continue with ${this.last + 1}`, {
        place: { peer: this.options.peer },
        observed: transactionId,
      });
    }
    const isDropped = this.isDropped;
    this.last = transactionId;
    this.beginning = undefined;
    if (this.size > HELD_BYTES || isDropped) return;
    return this.handOn(this.held.subarray(0, this.size));
  }

  private get isDropped(): boolean {
    return this.options.dropFirst && this.last === this.options.after;
  }

  /** Compares what was delivered before and delivers the rest. */
  private takeLarge(chunk: Buffer, at: number): Wait {
    const known = this.repeated === undefined ? 0 : this.beginning!.bytes;
    const again = Math.max(0, Math.min(chunk.length, known - at));
    if (again > 0) {
      this.repeated!.update(chunk.subarray(0, again));
      if (at + again === known) this.compare();
    }
    if (again === chunk.length) return;
    const rest = chunk.subarray(again);
    this.beginning ??= { bytes: 0, hash: createHash('sha256') };
    this.beginning.hash.update(rest);
    this.beginning.bytes += rest.length;
    return this.handOn(rest);
  }

  private compare(): void {
    const came = this.repeated!.digest();
    this.repeated = undefined;
    if (!came.equals(this.beginning!.hash.copy().digest())) throw this.differs('other bytes');
  }

  private handOn(bytes: Buffer): Wait {
    this.handedOn += bytes.length;
    return this.options.receiver.transactionBytes(bytes);
  }

  private differs(observed: string): GraphkeepError {
    const message = `transaction ${this.last + 1} is not the same as before the connection was lost`;
    return new GraphkeepError('peer.diverged', message, { place: { peer: this.options.peer }, observed });
  }
}
