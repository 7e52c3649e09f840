import { ByteWriter } from '../../base/byte-writer.ts';
import type { FrameSink } from '../frame-sink.ts';
import {
  type CopyStatus,
  copyStatuses,
  type Prepared,
  ResponseType,
  type StreamStatus,
  streamStatuses,
} from './catchup-response.ts';
import { encodeFrame } from './frame-reader.ts';
import { CHUNK_DATA, MAX_ALIGNMENT, MAX_FRAME_PAYLOAD, MAX_NAME_BYTES } from './limits.ts';
import { OutgoingBytes } from './outgoing-bytes.ts';
import { encodePrepared } from './prepared-field.ts';
import { type CatchupStoreId, encodeStoreId, STORE_ID_BYTES } from './store-id-field.ts';
import { encodeText } from './text-field.ts';

/** Frame length and flag before the data of a chunk. */
const CHUNK_HEAD = 8;
const MORE_CHUNKS = -1;
/** Frame of the type, length of the body frame, store id. */
const TRANSACTION_HEAD = 5 + 4 + 1 + STORE_ID_BYTES;
const DEFAULT_CAPACITY = 256 * 1024;

/** Result of a write: a promise if the caller must wait before the next call. */
export type Sent = Promise<void> | undefined;

/**
 * Writes the responses of one connection (spec catchup-protocol 8 to 13), byte-exact with a real server, in pieces of `capacity` bytes.
 * Messages that end a response also send everything collected; they are fulfilled once the sink has accepted it.
 *
 * Order: {@link storeId}; or ({@link beginFile}, {@link fileBytes}*, {@link endFile})*, then {@link prepared} or {@link copyFinished}; or
 * ({@link beginTransaction}, {@link transactionBytes}*, {@link endTransaction})*, then {@link streamFinished}. Any of the last three may
 * end the response early, but not within a file or transaction.
 */
export class ResponseWriter {
  private readonly out: OutgoingBytes;
  private readonly fields = new ByteWriter(64);
  private isInFile = false;
  /** Offset in the buffer of the head of the current chunk, if there is one. */
  private chunkStart: number | undefined;
  private transactionLeft: number | undefined;

  constructor(sink: FrameSink, capacity = DEFAULT_CAPACITY) {
    if (capacity < CHUNK_HEAD + CHUNK_DATA) throw new RangeError('the buffer holds at least one chunk');
    this.out = new OutgoingBytes(sink, capacity);
  }

  /** Undefined = not known at the moment (spec catchup-protocol 9). */
  storeId(id: CatchupStoreId | undefined): Promise<void> {
    return this.finish(ResponseType.storeId, encodeStoreId(id, this.fields.reset()).view());
  }

  /** `name`: relative to the database directory, separated by `/`. `alignment`: the record size; 1 for anything but a record store. */
  beginFile(name: string, alignment: number): Sent {
    this.requireIdle();
    if (name.length === 0 || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError(`no file name: ${name}`);
    if (alignment < 1 || alignment > MAX_ALIGNMENT) throw new RangeError(`no record size: ${alignment}`);
    const header = encodeText(name, this.fields.reset()).i32(alignment).view();
    this.isInFile = true;
    return this.message(ResponseType.file, header);
  }

  /** Data of the current file, any number of bytes. The memory may be reused once the promise is fulfilled. */
  fileBytes(data: Uint8Array): Sent {
    if (!this.isInFile) throw new RangeError('no file has begun');
    for (let at = 0; at < data.length; ) {
      // Only now is it known that the chunk is not the last.
      if (this.chunkSize === CHUNK_DATA) this.closeChunk(MORE_CHUNKS);
      const wait = this.openChunk();
      if (wait !== undefined) return wait.then(() => this.fileBytes(data.subarray(at)));
      const count = Math.min(CHUNK_DATA - this.chunkSize, data.length - at);
      this.out.append(data.subarray(at, at + count));
      at += count;
    }
    return undefined;
  }

  endFile(): Sent {
    if (!this.isInFile) throw new RangeError('no file has begun');
    const wait = this.openChunk();
    if (wait !== undefined) return wait.then(() => this.endFile());
    this.closeChunk(this.chunkSize);
    this.isInFile = false;
    return undefined;
  }

  prepared(prepared: Prepared): Promise<void> {
    return this.finish(ResponseType.prepared, encodePrepared(prepared));
  }

  copyFinished(status: CopyStatus): Promise<void> {
    return this.finish(ResponseType.copyFinished, this.fields.reset().i32(copyStatuses.indexOf(status)).view());
  }

  /** Announces `size` bytes of log entries, from the start to the commit of one transaction. */
  beginTransaction(storeId: CatchupStoreId, size: number): Sent {
    this.requireIdle();
    if (size < 1 || size > MAX_FRAME_PAYLOAD - 1 - STORE_ID_BYTES)
      throw new RangeError(`no transaction: ${size} bytes`);
    this.transactionLeft = size;
    const fields = this.fields
      .reset()
      .i32(1)
      .u8(ResponseType.transaction)
      .i32(size + 1 + STORE_ID_BYTES);
    encodeStoreId(storeId, fields);
    const wait = this.out.reserve(TRANSACTION_HEAD);
    if (wait !== undefined) return wait.then(() => this.out.append(fields.view()));
    this.out.append(fields.view());
    return undefined;
  }

  /** Bytes of the current transaction, cut anywhere. The memory may be reused once the promise is fulfilled. */
  transactionBytes(data: Uint8Array): Sent {
    if (data.length > (this.transactionLeft ?? 0)) throw new RangeError('more bytes than the transaction has');
    for (let at = 0; at < data.length; ) {
      const wait = this.out.reserve(1);
      if (wait !== undefined) return wait.then(() => this.transactionBytes(data.subarray(at)));
      const count = Math.min(this.out.room, data.length - at);
      this.out.append(data.subarray(at, at + count));
      this.transactionLeft! -= count;
      at += count;
    }
    return undefined;
  }

  endTransaction(): void {
    if (this.transactionLeft !== 0)
      throw new RangeError(`${this.transactionLeft} bytes of the transaction are missing`);
    this.transactionLeft = undefined;
  }

  /** `transactionId`: as spec catchup-protocol 13 says for each status. */
  streamFinished(status: StreamStatus, transactionId: number): Promise<void> {
    const body = this.fields.reset().i32(streamStatuses.indexOf(status)).i64(transactionId).view();
    return this.finish(ResponseType.streamFinished, body);
  }

  /** Sends everything collected except an open chunk of a file; for use before a pause. */
  async flush(): Promise<void> {
    if (this.chunkStart === undefined) await this.out.flush();
  }

  private get chunkSize(): number {
    return this.chunkStart === undefined ? 0 : this.out.filled - this.chunkStart - CHUNK_HEAD;
  }

  private openChunk(): Sent {
    if (this.chunkStart !== undefined) return undefined;
    const wait = this.out.reserve(CHUNK_HEAD + CHUNK_DATA);
    if (wait !== undefined) return wait;
    this.chunkStart = this.out.filled;
    this.out.filled += CHUNK_HEAD;
    return undefined;
  }

  private closeChunk(flag: number): void {
    const { buffer } = this.out;
    buffer.writeInt32BE(4 + this.chunkSize, this.chunkStart!);
    buffer.writeInt32BE(flag, this.chunkStart! + 4);
    this.chunkStart = undefined;
  }

  private async finish(type: number, body: Uint8Array): Promise<void> {
    this.requireIdle();
    await this.message(type, body);
    await this.out.flush();
  }

  /** Writes a type frame and a body frame; cuts a long body. */
  private message(type: number, body: Uint8Array): Sent {
    return this.appendCut(Buffer.concat([encodeFrame(Buffer.from([type])), encodeFrame(body)]));
  }

  private appendCut(bytes: Buffer): Sent {
    for (let at = 0; at < bytes.length; ) {
      const wait = this.out.reserve(1);
      if (wait !== undefined) return wait.then(() => this.appendCut(bytes.subarray(at)));
      const count = Math.min(this.out.room, bytes.length - at);
      this.out.append(bytes.subarray(at, at + count));
      at += count;
    }
    return undefined;
  }

  private requireIdle(): void {
    if (this.isInFile) throw new RangeError('the file has not ended');
    if (this.transactionLeft !== undefined) throw new RangeError('the transaction has not ended');
  }
}
