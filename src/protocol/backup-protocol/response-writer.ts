import { ByteWriter } from '../../base/byte-writer.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import type { FrameSink } from '../frame-sink.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { BLOCK_DATA, BLOCK_SIZE, MAX_NAME_UNITS } from './limits.ts';
import { TAIL_TRANSACTIONS } from './response-tail.ts';
import { encodeStoreId } from './store-id-field.ts';

/** The description of a file in a response. */
export interface ResponseFile {
  /** Relative to the database directory, separated by `/`. */
  name: string;
  /** Record size of record stores, 1 for everything else (table in spec common-protocol 9). */
  alignment: number;
  /** Must be known in advance: the block format cannot express an empty file. */
  empty: boolean;
}

/**
 * Writes one response (spec common-protocol 7 to 11), byte-exact with a real server. Order of calls: for a full backup files and {@link
 * endFiles}; then for every response {@link storeId}, any number of {@link transactions}, {@link finish}. {@link fail} may replace the rest
 * at any time. Await each promise before the next call.
 */
export class ResponseWriter {
  private readonly chunks: ChunkWriter;
  private readonly fields = new ByteWriter(64);
  /** The last block of a file has a different form, so the last 1 to 255 bytes are held back until more follow or the file ends. */
  private readonly held = Buffer.alloc(BLOCK_SIZE);
  private heldSize = 0;
  private isEmpty = true;

  constructor(sink: FrameSink, limit?: number) {
    this.chunks = new ChunkWriter(sink, limit);
  }

  async beginFile(file: ResponseFile): Promise<void> {
    if (file.name.length === 0 || file.name.length > MAX_NAME_UNITS) {
      throw new RangeError(`a file name has 1 to ${MAX_NAME_UNITS} characters: ${file.name}`);
    }
    await this.atom(this.fields.reset().u16(file.name.length));
    for (let i = 0; i < file.name.length; i++) {
      const wait = this.atom(this.fields.reset().u16(file.name.charCodeAt(i)));
      if (wait !== undefined) await wait;
    }
    await this.atom(this.fields.reset().u8(file.empty ? 0 : 1));
    if (!file.empty) await this.atom(this.fields.reset().i32(file.alignment));
    this.isEmpty = file.empty;
  }

  /** Data of the current file, which must not be declared empty. The memory may be reused once the promise is fulfilled. */
  async fileBytes(data: Uint8Array): Promise<void> {
    if (this.isEmpty) throw new RangeError('the file was announced as empty');
    let at = this.fillHeld(data);
    if (at === data.length) return;
    // More bytes follow the held ones, so those are 255 and not the last.
    await this.writeHeld(0);
    while (data.length - at > BLOCK_DATA) {
      // One byte less: a file may end with a full block, which then has the form of a last one.
      const count = this.chunks.appendBlocks(data, at, data.length - 1);
      at += count * BLOCK_DATA;
      if (count === 0) await this.chunks.reserve(BLOCK_SIZE);
    }
    this.held.set(data.subarray(at), 1);
    this.heldSize = data.length - at;
  }

  async endFile(): Promise<void> {
    if (this.isEmpty) return;
    if (this.heldSize === 0) throw new RangeError('the file was announced with data');
    await this.writeHeld(this.heldSize);
  }

  async endFiles(): Promise<void> {
    await this.atom(this.fields.reset().u16(0));
  }

  /** Sends only the store id: for an answer that is a failure but identifies the store. */
  async storeIdAlone(id: StoreId): Promise<void> {
    await this.storeId(id);
    await this.chunks.flush();
  }

  /** Also announces the transactions, of which there may be none. */
  async storeId(id: StoreId): Promise<void> {
    encodeStoreId(id, this.fields.reset());
    const bytes = this.fields.toBuffer();
    for (let at = 0; at < bytes.length; at += 8) {
      await this.chunks.reserve(8);
      this.chunks.append(bytes, at, at + 8);
    }
    await this.atom(this.fields.reset().u8(TAIL_TRANSACTIONS));
  }

  /**
   * Transaction bytes. They are cut only where a chunk is full. The Java client can read that, because the rest of an atom is always in the
   * next chunk.
   */
  async transactions(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + this.chunks.room);
      this.chunks.append(bytes, at, end);
      at = end;
      if (at < bytes.length) await this.chunks.reserve(1);
    }
  }

  finish(): Promise<void> {
    return this.chunks.finish();
  }

  /** Ends the response with a serialized exception; what was not sent yet is dropped. */
  fail(exception: Uint8Array): Promise<void> {
    return this.chunks.fail(exception);
  }

  private fillHeld(data: Uint8Array): number {
    const count = Math.min(BLOCK_DATA - this.heldSize, data.length);
    this.held.set(data.subarray(0, count), 1 + this.heldSize);
    this.heldSize += count;
    return count;
  }

  private async writeHeld(lengthByte: number): Promise<void> {
    const size = 1 + this.heldSize;
    await this.chunks.reserve(size);
    this.held[0] = lengthByte;
    this.chunks.append(this.held, 0, size);
    this.heldSize = 0;
  }

  private atom(fields: ByteWriter): Promise<void> | undefined {
    const wait = this.chunks.reserve(fields.size);
    if (wait === undefined) {
      this.chunks.append(fields.view());
      return undefined;
    }
    return wait.then(() => this.chunks.append(fields.view()));
  }
}
