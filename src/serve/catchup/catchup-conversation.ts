import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { CatchupRequest } from '../../protocol/catchup/catchup-request.ts';
import { RequestDecompressor } from '../../protocol/catchup/modifiers.ts';
import { RequestDecoder } from '../../protocol/catchup/request-decoder.ts';
import { ResponseWriter } from '../../protocol/catchup/response-writer.ts';
import { ServerHandshake, type ServerHandshakeStep } from '../../protocol/catchup/server-handshake.ts';
import type { Conversation, Inquiry } from '../conversation/conversation.ts';
import type { FrameSender } from '../conversation/frame-sender.ts';
import type { ServedPlace } from '../database/served-database.ts';
import type { AnswerScope } from './answer-scope.ts';
import { writeIndexFiles, writePreparedCopy, writeStoreFile } from './copy-answers.ts';
import { endOfFailedStream, writeTransactions } from './transactions-answer.ts';

export interface CatchupOptions extends Pick<AnswerScope, 'limits' | 'leases' | 'signal'> {
  place: ServedPlace;
  onHeldTooLong: () => void;
  onUse: (isUsed: boolean) => void;
  /** Compressions that may be agreed for requests, by their names on the wire, best first (spec catchup-protocol 6). */
  compression: readonly string[];
  /** Begins the second TLS session, if there was a first (spec catchup-protocol 7). */
  switchOver: () => Promise<void>;
}

/** The protocol of cluster members: a handshake, then requests, each a type frame and a body frame (spec catchup-protocol 1). */
export class CatchupConversation implements Conversation {
  private readonly peer: string;
  private readonly options: CatchupOptions;
  /** Has a database from the first request on. */
  private readonly scope: Omit<AnswerScope, 'database'> & Partial<AnswerScope>;
  unpack: Conversation['unpack'];
  private readonly handshake: ServerHandshake;
  /** The next step of the handshake. */
  private step: ServerHandshakeStep | undefined;
  private decoder: RequestDecoder | undefined;
  private sender: FrameSender | undefined;

  constructor(peer: string, options: CatchupOptions) {
    this.peer = peer;
    this.options = options;
    const { limits, leases, signal, onHeldTooLong, onUse, compression } = options;
    this.handshake = new ServerHandshake(peer, compression);
    const writer = new ResponseWriter((bytes) => this.sender!.send(bytes));
    const shared = { limits, leases, signal, onHeldTooLong, onUse };
    this.scope = { ...shared, writer, lease: undefined, isBroken: false };
  }

  get atMessageBoundary(): boolean {
    return this.decoder?.atMessageBoundary ?? false;
  }

  feed(bytes: Buffer): void {
    if (this.decoder === undefined) this.step = this.handshake.feed(bytes);
    else this.decoder.feed(bytes);
  }

  next(): Inquiry | undefined {
    if (this.decoder === undefined) return this.nextGreeting();
    const request = this.decoder.next();
    return request === undefined ? undefined : this.inquiryOf(request);
  }

  /** A server says nothing to a peer that does not speak the protocol (spec catchup-protocol 5.2, 14). */
  async refuse(): Promise<undefined> {
    return undefined;
  }

  private nextGreeting(): Inquiry | undefined {
    const { step } = this;
    this.step = undefined;
    if (step === undefined || (step.send === undefined && step.done === undefined)) return undefined;
    return {
      request: 'part',
      isGreeting: true,
      answer: async (sender) => {
        if (step.send !== undefined) await sender.send(step.send);
        if (step.refused !== undefined) throw step.refused;
        if (step.done !== undefined) await this.beginRequests(step.done);
      },
      fail: async () => 'closes',
    };
  }

  private async beginRequests({ rest, modifiers }: NonNullable<ServerHandshakeStep['done']>): Promise<void> {
    if (rest.length > 0) {
      throw new GraphkeepError('peer.protocol', 'the client sends requests before the handshake is over', {
        place: { peer: this.peer, offset: this.handshake.offset },
        observed: `${rest.length} bytes`,
      });
    }
    await this.options.switchOver();
    const { offset } = this.handshake;
    this.decoder = new RequestDecoder(this.peer, offset);
    if (modifiers.length === 0) return;
    const decompressor = new RequestDecompressor(modifiers, this.peer, offset);
    let last: Promise<unknown> = Promise.resolve();
    this.unpack = (bytes) => {
      const unpacked = decompressor.decode(bytes);
      last = unpacked.catch(() => {});
      return unpacked;
    };
    const close = () => void last.then(() => decompressor.close());
    if (this.options.signal.aborted) close();
    else this.options.signal.addEventListener('abort', close, { once: true });
  }

  private inquiryOf(request: CatchupRequest): Inquiry {
    return {
      ...this.describe(request),
      answer: (sender) => {
        this.sender = sender;
        return this.answer(request);
      },
      fail: (error) => this.fail(request, error),
    };
  }

  /** A full backup extends from its preparation to its transactions; transactions alone are an incremental one. */
  private describe(request: CatchupRequest): Pick<Inquiry, 'request' | 'begins' | 'ends'> {
    if (request.kind === 'prepareStoreCopy') return { request: 'full', begins: {} };
    if (request.kind !== 'transactions') return { request: 'part' };
    if (this.scope.lease !== undefined) return { request: 'full', ends: true };
    return { request: 'incremental', begins: { after: request.after }, ends: true };
  }

  private async answer(request: CatchupRequest): Promise<void> {
    const { place, signal } = this.options;
    const scope: AnswerScope = Object.assign(this.scope, { database: await place.current(signal) });
    switch (request.kind) {
      case 'storeId':
        return scope.writer.storeId(scope.database.storeId);
      case 'prepareStoreCopy':
        return writePreparedCopy(request, scope);
      case 'storeFile':
        return writeStoreFile(request, scope);
      case 'indexSnapshot':
        return writeIndexFiles(request, scope);
      case 'transactions':
        return writeTransactions(request, scope);
      case 'coreSnapshot':
        throw notServed(this.peer);
    }
  }

  /** Like a real server (spec catchup-protocol 10 to 14), except that the answer to a failed preparation has its type frame. */
  private async fail(request: CatchupRequest, error: unknown): Promise<'stays-open' | 'closes'> {
    const { writer, isBroken } = this.scope;
    if (isBroken) throw error;
    switch (request.kind) {
      case 'prepareStoreCopy': {
        const isOther = hasCode(error, 'serve.other-store');
        const status = isOther ? 'E_STORE_ID_MISMATCH' : 'E_LISTING_STORE';
        await writer.prepared({ status, transactionId: 0, files: [], indexIds: [] });
        return isOther ? 'stays-open' : 'closes';
      }
      case 'storeFile':
      case 'indexSnapshot':
        if (hasCode(error, 'serve.other-store')) await writer.copyFinished('E_STORE_ID_MISMATCH');
        else if (hasCode(error, 'serve.behind')) await writer.copyFinished('E_TOO_FAR_BEHIND');
        else {
          await writer.copyFinished('E_UNKNOWN');
          return 'closes';
        }
        return 'stays-open';
      case 'transactions': {
        const { status, transactionId } = endOfFailedStream(error, this.scope.database?.lastTransaction ?? 0);
        await writer.streamFinished(status, transactionId);
        return 'stays-open';
      }
      default:
        return 'closes';
    }
  }
}

function notServed(peer: string): GraphkeepError {
  return new GraphkeepError('peer.protocol', 'the client asks for what only members of a cluster have', {
    place: { peer },
    observed: 'CORE_SNAPSHOT',
  });
}
