import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { Delivery, type Wait } from '../delivery.ts';
import {
  answerTypes,
  type CatchupOutcome,
  copyStatuses,
  type RequestWithAnswer,
  streamStatuses,
} from './catchup-response.ts';
import { FrameReader } from './frame-reader.ts';
import { CHUNK_DATA, MAX_ALIGNMENT, MAX_NAME_BYTES } from './limits.ts';
import { PayloadReader } from './payload-reader.ts';
import { decodePrepared, PREPARED_FAILURE_BYTES } from './prepared-field.ts';
import { afterType, frameSizes, State } from './response-states.ts';
import { type CatchupStoreId, STORE_ID_BYTES } from './store-id-field.ts';
import { COMMIT_BYTES, TransactionEnd } from './transaction-end.ts';

/** Receives the parts of a response in wire order; never called again before a returned promise is fulfilled. */
export interface CatchupHandler {
  /** A file begins. `name` is as the peer sent it, unchecked; `offset` = start of its header in the stream. */
  beginFile(name: string, alignment: number, offset: number): Wait;
  /** Data of the current file. The memory is reused once the call has returned and its promise, if any, is fulfilled. */
  fileBytes(chunk: Buffer): Wait;
  endFile(): Wait;
  /** A transaction of `size` bytes begins; `offset` = start of its message in the stream. */
  beginTransaction(storeId: CatchupStoreId, size: number, offset: number): Wait;
  /** Log entries as they arrive, cut anywhere; memory as in {@link fileBytes}. */
  transactionBytes(chunk: Buffer): Wait;
  /** All bytes were delivered, and they end with the commit of this transaction. */
  endTransaction(transactionId: number): Wait;
}

/** Shorter fields share one buffer. */
const FIELD_CAPACITY = 8192;

/** The flag of a chunk that is not the last of its file. */
const MORE_CHUNKS = -1;

/**
 * Decodes the responses of one connection, one by one, from bytes cut anywhere, in bounded memory. Collects fields in a buffer and file
 * data in a {@link Delivery}; passes transactions on as they come (spec catchup-protocol 8 to 13).
 *
 * Use: {@link begin} with each request that is sent; {@link feed} bytes, then call and await {@link advance} until it returns undefined;
 * stop at {@link outcome}, which is set after all calls to the handler.
 */
export class ResponseDecoder {
  /** Set when the response is complete. */
  outcome: CatchupOutcome | undefined;
  private readonly frames: FrameReader;
  private readonly delivery: Delivery;
  private readonly handler: CatchupHandler;
  private readonly peer: string;
  private readonly receiveFile: (chunk: Buffer) => Wait;
  private readonly ending = new TransactionEnd();
  private request: RequestWithAnswer | undefined;
  private result: CatchupOutcome | undefined;
  private state: State = State.type;
  private isInFrame = false;
  private readonly smallField = Buffer.alloc(FIELD_CAPACITY);
  private field = this.smallField;
  private fieldFilled = 0;
  private fieldSize = 0;
  private fieldOffset = 0;
  private messageOffset = 0;
  private name = '';
  private alignment = 1;
  private isLastChunk = false;
  private storeId: CatchupStoreId | undefined;
  private readonly storeIdBytes = Buffer.alloc(1 + STORE_ID_BYTES);
  private isStopped = false;

  /** `offset`: bytes of the connection before (the handshake), for the places in errors. */
  constructor(handler: CatchupHandler, peer: string, options: { offset?: number; delivery?: Delivery } = {}) {
    this.handler = handler;
    this.peer = peer;
    this.frames = new FrameReader(peer, options.offset);
    this.delivery = options.delivery ?? new Delivery();
    this.receiveFile = (chunk) => handler.fileBytes(chunk);
  }

  /** Bytes of the connection decoded so far. */
  get offset(): number {
    return this.frames.offset;
  }

  /** The position in words, for errors about a connection that ended here. */
  get position(): string {
    if (this.request === undefined || this.outcome !== undefined) return 'between two requests';
    return this.state;
  }

  /** Expects the response to this request next; the previous one must be complete. */
  begin(request: RequestWithAnswer): void {
    if (this.request !== undefined && this.outcome === undefined) throw new RangeError('a response is under way');
    this.refuseExcess();
    this.request = request;
    this.outcome = undefined;
    this.result = undefined;
    this.state = State.type;
  }

  /** Adds the next bytes of the connection, which are not kept. Allowed once {@link advance} has returned undefined. */
  feed(buffer: Buffer, start = 0, end = buffer.length): void {
    this.frames.feed(buffer, start, end);
    if (this.request === undefined || this.outcome !== undefined) this.refuseExcess();
  }

  /** Stops all calls to the handler. */
  stop(): void {
    this.isStopped = true;
  }

  /** Resolves when no call to the handler is under way; never rejects. */
  async settle(): Promise<void> {
    // This may run inside a call to the handler, whose promise is not known yet.
    await Promise.resolve();
    await this.delivery.pending?.catch(() => {});
  }

  /**
   * Decodes until the bytes are used up (returns undefined) or the handler must be awaited. Throws errors in the bytes, including bytes
   * that follow a complete response.
   */
  advance(): Promise<void> | undefined {
    while (this.outcome === undefined && this.request !== undefined && !this.isStopped) {
      this.delivery.throwFailure();
      const wait = this.handOn();
      if (wait !== undefined) return wait;
      if (this.state === State.finishing) this.refuseExcess();
      if (this.state === State.finishing) this.outcome = this.result;
      else if (!this.beginFrame() || (this.frames.left > 0 && this.frames.available === 0)) return undefined;
      else this.consume();
    }
    return undefined;
  }

  /** Calls the handler if it is due. Returns a promise if nothing can be done before it is fulfilled. */
  private handOn(): Promise<void> | undefined {
    const { delivery, handler } = this;
    switch (this.state) {
      case State.chunkData:
        if (delivery.room > 0) return undefined;
        if (delivery.pending === undefined) delivery.flush(this.receiveFile);
        // While the other buffer is free, there is no need to wait.
        return delivery.room > 0 ? undefined : delivery.pending;
      case State.endFile:
        if (delivery.pending === undefined && !delivery.isEmpty) delivery.flush(this.receiveFile);
        if (delivery.pending !== undefined) return delivery.pending;
        delivery.track(handler.endFile());
        this.state = State.type;
        return undefined;
      case State.transactionBytes:
      case State.finishing:
        return delivery.pending;
      case State.beginFile:
        if (delivery.pending !== undefined) return delivery.pending;
        delivery.track(handler.beginFile(this.name, this.alignment, this.messageOffset));
        this.state = State.chunkFlag;
        return undefined;
      case State.beginTransaction:
        if (delivery.pending !== undefined) return delivery.pending;
        delivery.track(handler.beginTransaction(this.storeId!, this.frames.left, this.messageOffset));
        this.state = State.transactionBytes;
        return delivery.pending;
      case State.endTransaction:
        if (delivery.pending !== undefined) return delivery.pending;
        delivery.track(handler.endTransaction(this.ending.transactionId!));
        this.state = State.type;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Begins the frame that the state expects, if any; false if its length has not arrived. */
  private beginFrame(): boolean {
    const { frames } = this;
    let sizes = frameSizes[this.state];
    if (sizes === undefined || this.isInFrame) return true;
    if (!frames.begin()) return false;
    if (this.state === State.type) {
      this.messageOffset = frames.offset - 4;
      sizes = this.recogniseUntyped(sizes);
    }
    if (frames.length < sizes.least || frames.length > sizes.most) {
      this.fieldOffset = frames.offset - 4;
      const limits = sizes.least === sizes.most ? `${sizes.least}` : `${sizes.least} to ${sizes.most}`;
      throw this.refuse(`a frame has a wrong length ${this.state}`, `${frames.length} bytes instead of ${limits}`);
    }
    this.isInFrame = true;
    this.fieldOffset = frames.offset;
    this.fieldSize = sizes.collected ?? frames.length;
    this.fieldFilled = 0;
    this.field = this.fieldSize > FIELD_CAPACITY ? Buffer.allocUnsafeSlow(this.fieldSize) : this.smallField;
    return true;
  }

  /** A server that fails to list its store sends the body without a type and closes (spec catchup-protocol 10). */
  private recogniseUntyped(sizes: { least: number; most: number }): { least: number; most: number } {
    if (this.request !== 'prepareStoreCopy' || this.frames.length !== PREPARED_FAILURE_BYTES) return sizes;
    this.state = State.untyped;
    return frameSizes[State.untyped]!;
  }

  /** Uses bytes of the frame: some, not necessarily all. */
  private consume(): void {
    const { frames, delivery } = this;
    const { buffer, position, available } = frames;
    if (this.state === State.chunkData) {
      const count = Math.min(available, delivery.room);
      delivery.append(buffer, position, position + count);
      frames.skip(count);
      if (frames.left === 0) this.state = this.isLastChunk ? State.endFile : State.chunkFlag;
    } else if (this.state === State.transactionBytes) {
      this.consumeTransaction(buffer.subarray(position, position + available));
    } else {
      const count = Math.min(available, this.fieldSize - this.fieldFilled);
      buffer.copy(this.field, this.fieldFilled, position, position + count);
      this.fieldFilled += count;
      frames.skip(count);
      if (this.fieldFilled === this.fieldSize) {
        this.isInFrame = false;
        this.decodeField();
        this.field = this.smallField;
      }
    }
  }

  private consumeTransaction(piece: Buffer): void {
    const { frames } = this;
    this.ending.note(piece, frames.left);
    frames.skip(piece.length);
    if (frames.left === 0) {
      this.state = State.endTransaction;
      if (this.ending.transactionId === undefined) {
        this.fieldOffset = frames.offset - COMMIT_BYTES;
        throw this.refuse('a transaction does not end with its commit', this.ending.observed);
      }
    }
    this.delivery.track(this.handler.transactionBytes(piece));
  }

  private decodeField(): void {
    const field = this.field.subarray(0, this.fieldSize);
    switch (this.state) {
      case State.type:
        this.state = this.decodeType(field[0]!);
        break;
      case State.fileHeader:
        this.decodeFileHeader(field);
        break;
      case State.chunkFlag:
        this.decodeChunkFlag(field.readInt32BE(0));
        break;
      case State.transactionStore:
        this.decodeTransactionStore(field);
        break;
      default:
        this.result = this.decodeOutcome(field);
        this.state = State.finishing;
    }
  }

  private decodeType(type: number): State {
    const request = this.request!;
    if (!answerTypes[request].includes(type)) {
      throw this.refuse('the server answers with a message that does not belong here', `type ${type} to ${request}`);
    }
    return afterType[type]!;
  }

  private decodeFileHeader(field: Buffer): void {
    const reader = this.read(field, 'the header of a file');
    this.name = reader.text(MAX_NAME_BYTES);
    this.alignment = reader.i32();
    reader.finish();
    if (this.alignment < 1 || this.alignment > MAX_ALIGNMENT) {
      throw this.refuse('a file has an impossible record size', this.alignment, 'peer.hostile');
    }
    this.state = State.beginFile;
  }

  private decodeChunkFlag(flag: number): void {
    const size = this.frames.left;
    this.isLastChunk = flag !== MORE_CHUNKS;
    if (size !== (this.isLastChunk ? flag : CHUNK_DATA)) {
      throw this.refuse('a chunk of a file has not the announced length', `flag ${flag} with ${size} bytes`);
    }
    this.state = size > 0 ? State.chunkData : State.endFile;
  }

  /** The id is the same in all transactions of a stream, so it is rarely decoded. */
  private decodeTransactionStore(field: Buffer): void {
    if (this.storeId === undefined || !field.equals(this.storeIdBytes)) {
      if (field[0] === 0) throw this.refuse('a transaction has no store id', field.toString('hex'));
      this.storeId = this.readStoreId(field);
      field.copy(this.storeIdBytes);
    }
    this.state = State.beginTransaction;
  }

  private decodeOutcome(field: Buffer): CatchupOutcome {
    switch (this.state) {
      case State.storeId:
        return { kind: 'storeId', storeId: this.readStoreId(field) };
      case State.copyFinished:
        return { kind: 'copyFinished', status: this.readStatus(field, copyStatuses) };
      case State.streamFinished: {
        const reader = this.read(field, 'the end of the transactions');
        reader.skip(4);
        const status = this.readStatus(field, streamStatuses);
        return { kind: 'streamFinished', status, transactionId: reader.exactI64() };
      }
      default: {
        const prepared = decodePrepared(field, { peer: this.peer, offset: this.fieldOffset });
        if (this.state === State.untyped && prepared.status === 'SUCCESS') {
          throw this.refuse('a message comes without its type', field.toString('hex'));
        }
        return { kind: 'prepared', ...prepared };
      }
    }
  }

  private readStoreId(field: Buffer): CatchupStoreId | undefined {
    const reader = this.read(field, 'the store id');
    const id = reader.storeId();
    reader.finish();
    const exact = [id?.creationTime ?? 0, id?.upgradeTime ?? 0, id?.upgradeTransactionId ?? 0];
    if (!exact.every(Number.isSafeInteger)) throw this.refuse('the store id is impossible', field.toString('hex'));
    return id;
  }

  private readStatus<S extends string>(field: Buffer, statuses: readonly S[]): S {
    const number = field.readInt32BE(0);
    const status = statuses[number];
    if (status === undefined) throw this.refuse('the server sends an unknown status', number);
    return status;
  }

  private read(field: Buffer, what: string): PayloadReader {
    return new PayloadReader(field, { peer: this.peer, offset: this.fieldOffset }, what);
  }

  private refuseExcess(): void {
    const { rest, offset } = this.frames;
    if (rest.length === 0) return;
    this.fieldOffset = offset;
    throw this.refuse(
      'the server sends what was not asked for',
      `${rest.length} bytes: ${rest.toString('hex', 0, 16)}`,
    );
  }

  private refuse(message: string, observed: string | number, code: ErrorCode = 'peer.protocol'): GraphkeepError {
    return new GraphkeepError(code, message, { place: { peer: this.peer, offset: this.fieldOffset }, observed });
  }
}
