import { isUtf8 } from 'node:buffer';
import { ByteReader, readI64 } from '../../base/byte-reader.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { type CatchupStoreId, STORE_ID_BYTES } from './store-id-field.ts';

/** Where a payload was received. */
export interface PayloadPlace {
  peer: string;
  /** Offset of its first byte since the connection was opened. */
  offset: number;
}

/**
 * Reads the fields of one frame (spec catchup-protocol 3). Throws `peer.protocol`, with the place of the field, for anything that does not
 * fit.
 */
export class PayloadReader extends ByteReader {
  private readonly place: PayloadPlace;
  private readonly what: string;

  /** `what`: the message in words, for errors. */
  constructor(payload: Buffer, place: PayloadPlace, what: string) {
    super(payload);
    this.place = place;
    this.what = what;
  }

  override take(count: number): number {
    if (count < 0 || count > this.remaining) {
      throw this.refuse(`${this.what} is cut short`, `${this.remaining} bytes where ${count} are needed`);
    }
    return super.take(count);
  }

  /** Inexact beyond 2^53: it then equals no number of ours, and {@link exactI64} refuses it. */
  override i64(): number {
    return readI64(this.buffer, this.take(8));
  }

  /** Throws beyond 2^53, which no server sends. */
  exactI64(): number {
    const value = this.i64();
    if (Number.isSafeInteger(value)) return value;
    throw this.refuse(`${this.what} holds an impossible number`, this.buffer.readBigInt64BE(this.position - 8), 8);
  }

  /** Reads a `str`; refuses null. */
  text(maxBytes: number): string {
    const length = this.i32();
    if (length < 0 || length > maxBytes) {
      throw this.refuse(`${this.what} holds a text of impossible length`, `${length} bytes, at most ${maxBytes}`, 4);
    }
    const bytes = this.bytes(length);
    if (!isUtf8(bytes)) {
      throw this.refuse(`${this.what} holds a text that is not UTF-8`, bytes.toString('hex', 0, 64), length);
    }
    return bytes.toString('utf8');
  }

  /** Reads the number of elements in a list; each element takes at least `elementBytes`. */
  count(elementBytes: number): number {
    const count = this.i32();
    if (count < 0 || count * elementBytes > this.remaining) {
      throw this.refuse(`${this.what} holds a list of impossible length`, `${count} elements`, 4);
    }
    return count;
  }

  /** Reads a `storeId`; undefined = null. */
  storeId(): CatchupStoreId | undefined {
    const flag = this.u8();
    if (flag > 1)
      throw this.refuse(`${this.what} holds a store id that is neither present nor absent`, `flag ${flag}`, 1);
    if (flag === 0) return undefined;
    const at = this.take(STORE_ID_BYTES);
    return {
      creationTime: readI64(this.buffer, at),
      randomId: this.buffer.readBigInt64BE(at + 8),
      upgradeTime: readI64(this.buffer, at + 16),
      upgradeTransactionId: readI64(this.buffer, at + 24),
    };
  }

  /** Checks that the frame holds one message and nothing else (spec catchup-protocol 4). */
  finish(): void {
    if (this.remaining > 0) throw this.refuse(`bytes follow ${this.what} in its frame`, `${this.remaining} bytes`);
  }

  /** The error for a field that began `back` bytes earlier. */
  refuse(
    message: string,
    observed: string | number | bigint,
    back = 0,
    code: ErrorCode = 'peer.protocol',
  ): GraphkeepError {
    const place: ErrorPlace = { peer: this.place.peer, offset: this.place.offset + this.position - back };
    return new GraphkeepError(code, message, { place, observed });
  }
}
