import { GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import { HandshakeFrames } from './handshake-frames.ts';
import {
  CATCHUP_PROTOCOL,
  CATCHUP_START,
  CATCHUP_VERSION,
  decodeServerHandshake,
  encodeClientHandshake,
  MAGIC_TEXT,
  type Modifier,
  type ServerHandshakeMessage,
} from './handshake-messages.ts';
import { checkAnswerStart } from './other-protocol.ts';
import type { PayloadPlace } from './payload-reader.ts';

/** What to do after bytes were fed. */
export interface ClientHandshakeStep {
  /** Send this now. */
  send?: Buffer;
  /** The handshake is over. These modifiers apply from the next byte on, which is the first of `rest`. */
  done?: { modifiers: Modifier[] /** Bytes after the handshake; empty for every honest server. */; rest: Buffer };
}

/**
 * The client's side of the handshake (spec catchup-protocol 5.1), without any I/O: send what {@link begin} returns, then {@link feed}
 * everything that arrives. Throws `peer.protocol` or `peer.hostile` if the server breaks the protocol; then close.
 */
export class ClientHandshake {
  private readonly peer: string;
  private readonly offers: { category: string; implementations: string[] }[];
  private readonly frames: HandshakeFrames;
  private readonly modifiers: Modifier[] = [];
  private start = Buffer.alloc(0);
  private state: 'magic' | 'responses' | 'switchOver' | 'done' = 'magic';
  private answered = 0;

  /** `compression`: names to offer for the direction to the server, best first (spec catchup-protocol 6). */
  constructor(peer: string, compression: readonly string[] = []) {
    this.peer = peer;
    this.frames = new HandshakeFrames(peer);
    this.offers = compression.length === 0 ? [] : [{ category: 'compression', implementations: [...compression] }];
  }

  /** Bytes of the connection that belong to the handshake so far. */
  get offset(): number {
    return this.frames.offset;
  }

  /** The position in words, for errors about a connection that ended here. */
  get position(): string {
    if (this.state === 'magic') return 'before the handshake';
    return this.state === 'done' ? 'after the handshake' : 'in the handshake';
  }

  /** Send this as soon as the connection is open. */
  begin(): Buffer {
    const requests = this.offers.map((offer) => encodeClientHandshake({ kind: 'modifierRequest', ...offer }));
    return Buffer.concat([
      encodeClientHandshake({ kind: 'magic', text: MAGIC_TEXT }),
      ...requests,
      encodeClientHandshake({ kind: 'applicationRequest', protocol: CATCHUP_PROTOCOL, versions: [CATCHUP_VERSION] }),
    ]);
  }

  feed(bytes: Buffer): ClientHandshakeStep {
    if (this.state === 'done') throw new RangeError('the handshake is over');
    const unread = this.readStart(bytes);
    if (unread === undefined) return {};
    this.frames.feed(unread);
    const step: ClientHandshakeStep = {};
    for (let frame = this.frames.next(); frame !== undefined; frame = this.frames.next()) {
      const send = this.receive(decodeServerHandshake(frame.payload, frame.place), frame.place);
      if (send !== undefined) step.send = send;
      if (this.isOver()) {
        step.done = { modifiers: this.modifiers, rest: this.frames.rest };
        break;
      }
    }
    return step;
  }

  private isOver(): boolean {
    return this.state === 'done';
  }

  /** Holds back the first bytes until it is clear that the peer speaks this protocol at all. */
  private readStart(bytes: Buffer): Buffer | undefined {
    if (this.start.length >= CATCHUP_START.length) return bytes;
    const start = Buffer.concat([this.start, bytes]);
    if (checkAnswerStart(start, { peer: this.peer, offset: 0 })) {
      this.start = CATCHUP_START;
      return start;
    }
    this.start = start;
    return undefined;
  }

  private receive(message: ServerHandshakeMessage, place: PayloadPlace): Buffer | undefined {
    if (this.state === 'magic') {
      if (message.kind !== 'magic' || message.text !== MAGIC_TEXT) {
        throw refuse('the server begins with another magic', 'text' in message ? message.text : message.kind, place);
      }
      this.state = 'responses';
      return undefined;
    }
    if (this.state === 'switchOver') {
      if (message.kind !== 'switchOverResponse') throw outOfTurn(message, place);
      if (message.status !== 'success') throw refuse('the server refuses to switch over', message.status, place);
      this.state = 'done';
      return undefined;
    }
    return this.receiveResponse(message, place);
  }

  /** Answers come in the order of the requests (spec catchup-protocol 5.1). */
  private receiveResponse(message: ServerHandshakeMessage, place: PayloadPlace): Buffer | undefined {
    const offer = this.offers[this.answered];
    this.answered++;
    if (offer !== undefined) {
      if (message.kind !== 'modifierResponse') throw outOfTurn(message, place);
      this.acceptModifier(message, offer, place);
      return undefined;
    }
    if (message.kind !== 'applicationResponse') throw outOfTurn(message, place);
    if (message.status !== 'success') {
      throw refuse(
        `the server does not offer version ${CATCHUP_VERSION} of the catchup protocol`,
        message.status,
        place,
      );
    }
    if (message.protocol !== CATCHUP_PROTOCOL || message.version !== CATCHUP_VERSION) {
      throw refuse('the server chose a protocol that was not offered', `${message.protocol} ${message.version}`, place);
    }
    this.state = 'switchOver';
    return encodeClientHandshake({
      kind: 'switchOverRequest',
      protocol: CATCHUP_PROTOCOL,
      version: CATCHUP_VERSION,
      modifiers: this.modifiers,
    });
  }

  private acceptModifier(
    { status, category, implementation }: Extract<ServerHandshakeMessage, { kind: 'modifierResponse' }>,
    offer: { category: string; implementations: string[] },
    place: PayloadPlace,
  ): void {
    if (status !== 'success') return;
    if (category !== offer.category || !offer.implementations.includes(implementation)) {
      throw refuse('the server chose a modifier that was not offered', `${category} ${implementation}`, place);
    }
    this.modifiers.push({ category, implementation });
  }
}

function outOfTurn(message: ServerHandshakeMessage, place: PayloadPlace): GraphkeepError {
  return refuse('the server sends a message of the handshake out of turn', message.kind, place);
}

function refuse(message: string, observed: string, place: PayloadPlace): GraphkeepError {
  return new GraphkeepError('peer.protocol', message, { place: { ...place }, observed: printableText(observed, 120) });
}
