import { GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import { HandshakeFrames } from './handshake-frames.ts';
import {
  CATCHUP_PROTOCOL,
  CATCHUP_VERSION,
  type ClientHandshakeMessage,
  decodeClientHandshake,
  encodeServerHandshake,
  MAGIC_TEXT,
  type Modifier,
  type ServerHandshakeMessage,
} from './handshake-messages.ts';
import type { PayloadPlace } from './payload-reader.ts';

/** What to do after bytes were fed: send, then close if refused, or continue with the requests if done. */
export interface ServerHandshakeStep {
  send?: Buffer;
  /** Close once `send` is sent. The error is for the log; the client has its answer. */
  refused?: GraphkeepError;
  done?: { modifiers: Modifier[] /** Bytes after the handshake; empty for every honest client. */; rest: Buffer };
}

type Request<K extends ClientHandshakeMessage['kind']> = Extract<ClientHandshakeMessage, { kind: K }>;

/**
 * The server's side of the handshake (spec catchup-protocol 5.2), without any I/O: {@link feed} everything that arrives. Like the Java
 * server, it says nothing before the first request. Throws `peer.protocol` or `peer.hostile` for a client that gets no answer; then close.
 */
export class ServerHandshake {
  private readonly compression: readonly string[];
  private readonly frames: HandshakeFrames;
  private readonly modifiers: Modifier[] = [];
  private hasMagic = false;
  private hasAnswered = false;
  private hasAgreed = false;
  private isOver = false;
  private refused: GraphkeepError | undefined;

  /** `compression`: what may be agreed, best first; empty = none (spec catchup-protocol 6). */
  constructor(peer: string, compression: readonly string[] = []) {
    this.compression = compression;
    this.frames = new HandshakeFrames(peer);
  }

  /** Bytes of the connection that belong to the handshake so far. */
  get offset(): number {
    return this.frames.offset;
  }

  feed(bytes: Buffer): ServerHandshakeStep {
    if (this.isOver) throw new RangeError('the handshake is over');
    this.frames.feed(bytes);
    const answers: Buffer[] = [];
    for (let frame = this.frames.next(); frame !== undefined; frame = this.frames.next()) {
      const answer = this.answer(decodeClientHandshake(frame.payload, frame.place), frame.place);
      if (answer !== undefined) answers.push(...this.encode(answer));
      if (this.isOver) break;
    }
    return {
      ...(answers.length === 0 ? {} : { send: Buffer.concat(answers) }),
      ...this.conclude(),
    };
  }

  private conclude(): ServerHandshakeStep {
    if (this.refused !== undefined) return { refused: this.refused };
    return this.isOver ? { done: { modifiers: this.modifiers, rest: this.frames.rest } } : {};
  }

  /** Our magic precedes the first answer. */
  private encode(answer: ServerHandshakeMessage): Buffer[] {
    const frame = encodeServerHandshake(answer);
    if (this.hasAnswered) return [frame];
    this.hasAnswered = true;
    return [encodeServerHandshake({ kind: 'magic', text: MAGIC_TEXT }), frame];
  }

  private answer(message: ClientHandshakeMessage, place: PayloadPlace): ServerHandshakeMessage | undefined {
    if (message.kind === 'magic') return this.readMagic(message.text, place);
    if (!this.hasMagic) throw refuse('the client does not begin with the magic', message.kind, place);
    if (message.kind === 'applicationRequest') return this.agree(message, place);
    return message.kind === 'modifierRequest' ? this.choose(message) : this.switchOver(message, place);
  }

  private readMagic(text: string, place: PayloadPlace): undefined {
    if (this.hasMagic) throw refuse('the client sends the magic again', text, place);
    if (text !== MAGIC_TEXT) throw refuse('the client begins with another magic', text, place);
    this.hasMagic = true;
  }

  private agree({ protocol, versions }: Request<'applicationRequest'>, place: PayloadPlace): ServerHandshakeMessage {
    if (protocol === CATCHUP_PROTOCOL && versions.includes(CATCHUP_VERSION)) {
      this.hasAgreed = true;
      return { kind: 'applicationResponse', status: 'success', protocol, version: CATCHUP_VERSION };
    }
    const observed = `${protocol}, versions ${versions.slice(0, 10).join(', ')}`;
    this.end(refuse('the client asks for a protocol that is not offered', observed, place));
    return { kind: 'applicationResponse', status: 'failure', protocol: '', version: 0 };
  }

  private choose({ category, implementations }: Request<'modifierRequest'>): ServerHandshakeMessage {
    const isFree = category === 'compression' && !this.modifiers.some((modifier) => modifier.category === category);
    const implementation = isFree ? this.compression.find((name) => implementations.includes(name)) : undefined;
    if (implementation === undefined) {
      return { kind: 'modifierResponse', status: 'failure', category, implementation: '' };
    }
    this.modifiers.push({ category, implementation });
    return { kind: 'modifierResponse', status: 'success', category, implementation };
  }

  private switchOver(request: Request<'switchOverRequest'>, place: PayloadPlace): ServerHandshakeMessage {
    const isAgreed =
      this.hasAgreed &&
      request.protocol === CATCHUP_PROTOCOL &&
      request.version === CATCHUP_VERSION &&
      describeModifiers(request.modifiers) === describeModifiers(this.modifiers);
    const observed = `${request.protocol} ${request.version} ${describeModifiers(request.modifiers)}`;
    this.end(isAgreed ? undefined : refuse('the client switches over to what was not agreed', observed, place));
    return { kind: 'switchOverResponse', status: isAgreed ? 'success' : 'failure' };
  }

  private end(refused: GraphkeepError | undefined): void {
    this.isOver = true;
    this.refused = refused;
  }
}

function describeModifiers(modifiers: readonly Modifier[]): string {
  return JSON.stringify(modifiers.map(({ category, implementation }) => [category, implementation]));
}

function refuse(message: string, observed: string, place: PayloadPlace): GraphkeepError {
  return new GraphkeepError('peer.protocol', message, { place: { ...place }, observed: printableText(observed, 120) });
}
