import { readI64 } from '../../base/byte-reader.ts';

/** A commit entry: version, type 5, i64 transaction, i64 time (spec catchup-protocol 13.1). Every transaction ends with one. */
export const COMMIT_BYTES = 18;

const ENTRY_VERSION = 0xf6;
const COMMIT_ENTRY = 5;

/** Keeps the last bytes of a transaction that passes through in pieces. */
export class TransactionEnd {
  private readonly bytes = Buffer.alloc(COMMIT_BYTES);

  /** `piece`: the next bytes of a transaction that has `left` bytes left, including the piece. */
  note(piece: Buffer, left: number): void {
    const start = Math.max(0, left - COMMIT_BYTES);
    if (start < piece.length) piece.copy(this.bytes, COMMIT_BYTES - (left - start), start);
  }

  /** The committed transaction; undefined if the bytes are not a commit entry with a possible id. */
  get transactionId(): number | undefined {
    if (this.bytes[0] !== ENTRY_VERSION || this.bytes[1] !== COMMIT_ENTRY) return undefined;
    const id = readI64(this.bytes, 2);
    return Number.isSafeInteger(id) && id > 0 ? id : undefined;
  }

  /** The last bytes, for errors. */
  get observed(): string {
    return this.bytes.toString('hex');
  }
}
