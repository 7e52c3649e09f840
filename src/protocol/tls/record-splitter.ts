/*
 * A TLS record:
 *   type     1 byte    20 change cipher spec, 21 alert, 22 handshake, 23 data, 24 heartbeat
 *   version  2 bytes   major number 3
 *   length   2 bytes   of what follows
 */
const HEADER_BYTES = 5;
const HANDSHAKE = 22;
const FIRST_TYPE = 20;
const LAST_TYPE = 24;

/** First byte of a handshake message. */
const CLIENT_HELLO = 1;

/** False for bytes that cannot begin a record: a peer without TLS. One byte is enough. */
export function mayBeginRecord(bytes: Uint8Array): boolean {
  const [type, major] = bytes;
  return (type === undefined || (type >= FIRST_TYPE && type <= LAST_TYPE)) && (major === undefined || major === 3);
}

/** Splits a peer's bytes into whole records, so that a session ends between two of them. Keeps at most one record and one read. */
export class RecordSplitter {
  private rest: Buffer = Buffer.alloc(0);

  /** Keeps a view of the bytes. */
  feed(bytes: Buffer): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
  }

  /** The next whole record; undefined if more bytes are needed. */
  next(): Buffer | undefined {
    const record = this.peek();
    if (record !== undefined) this.rest = this.rest.subarray(record.length);
    return record;
  }

  /**
   * True if the next record is an unencrypted handshake message that asks for a new session. Within an encrypted session this can only be
   * the start of the next one, since a session encrypts its own messages.
   */
  get isClientHelloNext(): boolean {
    const record = this.peek();
    return record?.[0] === HANDSHAKE && record[HEADER_BYTES] === CLIENT_HELLO && isOneMessage(record);
  }

  /** Everything that has not been returned yet. */
  takeRest(): Buffer {
    const rest = this.rest;
    this.rest = Buffer.alloc(0);
    return rest;
  }

  private peek(): Buffer | undefined {
    if (this.rest.length < HEADER_BYTES) return undefined;
    const length = HEADER_BYTES + this.rest.readUInt16BE(3);
    return this.rest.length < length ? undefined : this.rest.subarray(0, length);
  }
}

/** The length inside the message (3 bytes after its type) matches the record. Encrypted bytes do not look like that. */
function isOneMessage(record: Buffer): boolean {
  return (
    record.length >= HEADER_BYTES + 4 && record.readUIntBE(HEADER_BYTES + 1, 3) === record.length - HEADER_BYTES - 4
  );
}
