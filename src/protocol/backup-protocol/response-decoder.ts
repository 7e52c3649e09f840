import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import { Delivery, type Wait } from '../delivery.ts';
import { ChunkDecoder, ChunkEvent } from './chunk-decoder.ts';
import { FailureCollector } from './failure-collector.ts';
import { BLOCK_DATA, BLOCK_SIZE, MAX_ALIGNMENT, MAX_NAME_UNITS } from './limits.ts';
import { NO_OBLIGATION, TAIL_OBLIGATION, TAIL_TRANSACTIONS } from './response-tail.ts';
import { decodeStoreId, STORE_ID_SIZE } from './store-id-field.ts';

/** Receives the parts of a response in wire order; never called again before a returned promise is fulfilled. */
export interface ResponseHandler {
  /** A file begins. `name` is as the peer sent it; `offset` = start of its entry in the stream. */
  beginFile(name: string, alignment: number, empty: boolean, offset: number): Wait;
  /** Data of the current file. The memory is reused once the call has returned and its promise, if any, is fulfilled. */
  fileBytes(chunk: Buffer): Wait;
  endFile(): Wait;
  /** Comes before any transaction; throw to refuse the store. */
  storeId(id: StoreId, offset: number): Wait;
  /** Transaction bytes, cut anywhere; memory as in {@link fileBytes}. */
  transactionBytes(chunk: Buffer): Wait;
}

/** How a response ended. */
export type ResponseOutcome =
  | { kind: 'complete' }
  /** A serialized exception; `marked` = sent in chunks with the failure bit. */
  | { kind: 'failure'; payload: Buffer; marked: boolean };

/** The decoder's position in the body of the message. */
const State = {
  opening: 'at its start',
  nameLength: 'between two files',
  name: 'in a file name',
  alignment: 'before the data of a file',
  beginFile: 'at the beginning of a file',
  blocks: 'in the data of a file',
  endFile: 'at the end of a file',
  storeId: 'in the store id',
  kind: 'before the transactions',
  obligation: 'in an obligation',
  transactions: 'in the transactions',
  nothing: 'after its end',
  exception: 'in an exception',
  finishing: 'at its end',
} as const;

type State = (typeof State)[keyof typeof State];

/** First two bytes of a Java object stream; impossible both as a name length and as a creation time (spec common-protocol 12.2). */
const JAVA_STREAM = 0xaced;

/** The longest collected field: a name and its flag. */
const FIELD_CAPACITY = 2 * MAX_NAME_UNITS + 1;

/**
 * Decodes one response (spec common-protocol 7 to 11) from bytes cut anywhere, in bounded memory. Collects fields in a small buffer, and
 * file data and transactions in a {@link Delivery}.
 *
 * ```
 * response   = file* , u16 0 (only full) , storeId , kind , transaction bytes to the end of the message
 * file       = u16 nameLength , name , u8 hasData , [ i32 alignment , blocks ]
 * blocks     = ( 00 , 255 bytes )* , n (1..255) , n bytes
 * ```
 *
 * Use: {@link feed} bytes, then call and await {@link advance} until it returns undefined; stop at {@link outcome}.
 */
export class ResponseDecoder {
  /** Set when the message is complete; unless it is a failure, everything has then been delivered. Later bytes are not looked at. */
  outcome: ResponseOutcome | undefined;
  private readonly chunks: ChunkDecoder;
  private readonly delivery: Delivery;
  private readonly handler: ResponseHandler;
  private readonly peer: string;
  private readonly isFull: boolean;
  private readonly receiveFile: (chunk: Buffer) => Wait;
  private readonly receiveTransactions: (chunk: Buffer) => Wait;
  private state: State = State.opening;
  private readonly field = Buffer.alloc(FIELD_CAPACITY);
  private fieldFilled = 0;
  private fieldSize = 2;
  private fieldOffset = 0;
  private name = '';
  private nameOffset = 0;
  private alignment = 1;
  private blockLeft = 0;
  private isLastBlock = false;
  private readonly exception = new FailureCollector();
  private isMarked = false;
  private isStopped = false;

  constructor(request: 'full' | 'incremental', handler: ResponseHandler, peer: string, delivery = new Delivery()) {
    this.isFull = request === 'full';
    this.handler = handler;
    this.peer = peer;
    this.chunks = new ChunkDecoder(peer);
    this.delivery = delivery;
    this.receiveFile = (chunk) => handler.fileBytes(chunk);
    this.receiveTransactions = (chunk) => handler.transactionBytes(chunk);
  }

  /** Bytes of the connection decoded so far. */
  get offset(): number {
    return this.chunks.offset;
  }

  /** The position in words, for errors about a connection that ended here. */
  get position(): string {
    return this.state;
  }

  /** Adds the next bytes of the connection, which are not kept. Allowed once {@link advance} has returned undefined. */
  feed(buffer: Buffer, start = 0, end = buffer.length): void {
    this.chunks.feed(buffer, start, end);
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

  /** Decodes until the bytes are used up (returns undefined) or the handler must be awaited. Throws errors in the bytes. */
  advance(): Promise<void> | undefined {
    while (this.outcome === undefined && !this.isStopped) {
      this.delivery.throwFailure();
      const wait = this.handOn();
      if (wait !== undefined) return wait;
      if (this.outcome !== undefined) return undefined;
      const event = this.chunks.next();
      if (event === ChunkEvent.starved) return undefined;
      if (event === ChunkEvent.messageEnd) this.endMessage();
      else if (event === ChunkEvent.failure) this.collectException(true);
      else this.consume();
    }
    return undefined;
  }

  /** Delivers what is due before more bytes can be used; needs an idle handler. */
  private handOn(): Promise<void> | undefined {
    const { delivery, handler } = this;
    if (this.isStopped) return undefined;
    switch (this.state) {
      case State.beginFile:
        if (delivery.pending !== undefined) return delivery.pending;
        delivery.track(handler.beginFile(this.name, this.alignment, this.isLastBlock, this.nameOffset));
        this.state = this.isLastBlock ? State.endFile : State.blocks;
        return this.handOn();
      case State.blocks:
        return delivery.room === 0 ? this.flush(this.receiveFile) : undefined;
      case State.endFile:
        if (delivery.pending !== undefined) return delivery.pending;
        if (!delivery.isEmpty) return this.flush(this.receiveFile) ?? this.handOn();
        delivery.track(handler.endFile());
        this.expect(State.nameLength, 2);
        return undefined;
      case State.storeId:
        return delivery.pending;
      case State.transactions:
        return delivery.room === 0 ? this.flush(this.receiveTransactions) : undefined;
      case State.finishing:
        if (delivery.pending !== undefined) return delivery.pending;
        if (!delivery.isEmpty) return this.flush(this.receiveTransactions) ?? this.handOn();
        this.outcome = { kind: 'complete' };
        return undefined;
      default:
        return undefined;
    }
  }

  private flush(receive: (chunk: Buffer) => Wait): Promise<void> | undefined {
    if (this.delivery.pending !== undefined) return this.delivery.pending;
    this.delivery.flush(receive);
    // While the other buffer is free, there is no need to wait.
    return this.state === State.blocks || this.state === State.transactions ? undefined : this.delivery.pending;
  }

  /** Uses body bytes: some, not necessarily all. */
  private consume(): void {
    const { chunks } = this;
    const { buffer, position, bodyEnd } = chunks;
    switch (this.state) {
      case State.blocks:
        chunks.skip(this.consumeBlocks(buffer, position, bodyEnd) - position);
        return;
      case State.transactions: {
        const count = Math.min(bodyEnd - position, this.delivery.room);
        this.delivery.append(buffer, position, position + count);
        chunks.skip(count);
        return;
      }
      case State.exception:
        this.collectException(false);
        return;
      case State.nothing:
        throw this.refuse('peer.protocol', 'the answer continues after its end', `${bodyEnd - position} bytes`);
      default:
        this.collectField(buffer, position, bodyEnd);
    }
  }

  private consumeBlocks(buffer: Buffer, start: number, end: number): number {
    const { delivery } = this;
    let at = start;
    while (at < end) {
      if (this.blockLeft === 0) {
        at += delivery.appendBlocks(buffer, at, end, BLOCK_DATA) * BLOCK_SIZE;
        if (at === end) break;
        const length = buffer[at++]!;
        this.isLastBlock = length !== 0;
        this.blockLeft = this.isLastBlock ? length : BLOCK_DATA;
      }
      const count = Math.min(this.blockLeft, end - at, delivery.room);
      delivery.append(buffer, at, at + count);
      at += count;
      this.blockLeft -= count;
      if (this.blockLeft === 0 && this.isLastBlock) {
        this.state = State.endFile;
        break;
      }
      if (delivery.room === 0) break;
    }
    return at;
  }

  private collectField(buffer: Buffer, start: number, end: number): void {
    if (this.fieldFilled === 0) this.fieldOffset = this.offset;
    const count = Math.min(end - start, this.fieldSize - this.fieldFilled);
    buffer.copy(this.field, this.fieldFilled, start, start + count);
    this.fieldFilled += count;
    this.chunks.skip(count);
    if (this.fieldFilled === this.fieldSize) this.decodeField();
  }

  private decodeField(): void {
    const { field } = this;
    switch (this.state) {
      case State.opening:
        this.open(field.readUInt16BE(0));
        break;
      case State.nameLength:
        this.decodeNameLength(field.readUInt16BE(0));
        break;
      case State.name:
        this.decodeName();
        break;
      case State.alignment:
        this.decodeAlignment(field.readInt32BE(0));
        break;
      case State.storeId:
        this.decodeStoreId();
        break;
      case State.kind:
        this.decodeKind(field[0]!);
        break;
      default:
        this.decodeObligation(field.readBigInt64BE(0));
    }
  }

  /** The first two bytes reveal an exception that was sent without the failure bit (spec common-protocol 12.2). */
  private open(start: number): void {
    if (start === JAVA_STREAM) {
      this.state = State.exception;
      this.exception.append(this.field.subarray(0, 2));
    } else if (this.isFull) {
      this.state = State.nameLength;
      this.decodeNameLength(start);
    } else {
      this.state = State.storeId;
      this.fieldSize = STORE_ID_SIZE;
    }
  }

  private decodeNameLength(units: number): void {
    if (units === 0) {
      this.expect(State.storeId, STORE_ID_SIZE);
      return;
    }
    this.nameOffset = this.fieldOffset;
    if (units > MAX_NAME_UNITS) {
      throw this.refuse('peer.hostile', 'a file name is too long', `${units} characters, at most ${MAX_NAME_UNITS}`);
    }
    this.expect(State.name, 2 * units + 1);
  }

  private decodeName(): void {
    const hasData = this.field[this.fieldSize - 1]!;
    this.name = this.field
      .subarray(0, this.fieldSize - 1)
      .swap16()
      .toString('utf16le');
    if (hasData > 1) throw this.refuse('peer.hostile', 'a file is neither empty nor with data', `flag ${hasData}`);
    if (hasData === 1) {
      this.expect(State.alignment, 4);
    } else {
      this.alignment = 1;
      this.isLastBlock = true;
      this.state = State.beginFile;
    }
  }

  private decodeAlignment(alignment: number): void {
    if (alignment < 1 || alignment > MAX_ALIGNMENT) {
      throw this.refuse('peer.hostile', 'a file has an impossible record size', alignment);
    }
    this.alignment = alignment;
    this.isLastBlock = false;
    this.blockLeft = 0;
    this.state = State.beginFile;
  }

  private decodeStoreId(): void {
    const id = decodeStoreId(this.field, 0);
    if (id === undefined) {
      throw this.refuse('peer.protocol', 'the store id is impossible', this.field.toString('hex', 0, STORE_ID_SIZE));
    }
    this.delivery.track(this.handler.storeId(id, this.fieldOffset));
    this.expect(State.kind, 1);
  }

  private decodeKind(kind: number): void {
    if (kind === TAIL_TRANSACTIONS) {
      this.expect(State.transactions, 0);
    } else if (kind === TAIL_OBLIGATION && !this.isFull) {
      this.expect(State.obligation, 8);
    } else {
      throw this.refuse('peer.protocol', 'the answer does not go on with transactions', `kind ${kind}`);
    }
  }

  private decodeObligation(id: bigint): void {
    if (id !== BigInt(NO_OBLIGATION)) {
      throw this.refuse('peer.protocol', 'the server sends an obligation instead of transactions', id);
    }
    this.expect(State.nothing, 0);
  }

  private collectException(marked: boolean): void {
    const { chunks } = this;
    // A failure does not continue the chunks before it (spec common-protocol 12.1).
    if (marked && !this.isMarked) this.exception.clear();
    this.isMarked = marked;
    this.state = State.exception;
    const end = chunks.bodyEnd;
    this.exception.append(chunks.buffer.subarray(chunks.position, end));
    chunks.skip(end - chunks.position);
  }

  private endMessage(): void {
    const marked = this.chunks.isFailure;
    if (marked || this.state === State.exception) {
      // A failure may have no bytes at all.
      if (marked && !this.isMarked) this.exception.clear();
      this.outcome = { kind: 'failure', payload: this.exception.payload(), marked };
    } else if (this.state === State.transactions || this.state === State.nothing) {
      this.state = State.finishing;
    } else {
      throw this.refuse(
        'peer.protocol',
        'the answer is incomplete although its last chunk has come',
        `ends ${this.state}`,
      );
    }
  }

  private expect(state: State, size: number): void {
    this.state = state;
    this.fieldSize = size;
    this.fieldFilled = 0;
  }

  private refuse(code: ErrorCode, message: string, observed: string | number | bigint): GraphkeepError {
    const offset = this.fieldFilled > 0 ? this.fieldOffset : this.offset;
    return new GraphkeepError(code, message, { place: { peer: this.peer, offset }, observed });
  }
}
