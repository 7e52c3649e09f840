import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import type { SslPolicy } from '../config/ssl-policy/ssl-policy.ts';
import { formatAddress } from '../net/server-address.ts';
import { type Channel, openChannel } from '../protocol/tls/channel.ts';
import { CommonConversation } from './backup-protocol/common-conversation.ts';
import { encodeRefusal } from './backup-protocol/failure-answer.ts';
import { CatchupConversation } from './catchup/catchup-conversation.ts';
import type { CopyLeases } from './catchup/copy-leases.ts';
import { ConnectionDeadline } from './connection-deadline.ts';
import { type ConnectionPhase, type ConnectionStep, isAnswering, isOpen, nextPhase } from './connection-phase.ts';
import type { Conversation, Inquiry } from './conversation/conversation.ts';
import { FrameSender } from './conversation/frame-sender.ts';
import type { ListenerEvent } from './conversation/listener-events.ts';
import type { ListenerLimits } from './conversation/listener-options.ts';
import { BackupLog } from './database/backup-log.ts';
import type { ServedPlace } from './database/served-database.ts';
import { IncomingRequests } from './incoming-requests.ts';

/** Time that a refused client gets to read the reason before the connection is closed. */
const LINGER_MS = 1000;

/** Delay for {@link Socket.setKeepAlive}: the system notices a silently vanished client within some minutes. */
const KEEP_ALIVE_MS = 60_000;

const FLOOD = 'the client sends more while its answer is under way';

export interface ConnectionOptions {
  place: ServedPlace;
  limits: ListenerLimits;
  leases: CopyLeases;
  sslPolicy?: SslPolicy | undefined;
  /** Compressions that we accept for requests, best first. */
  compression: readonly string[];
  onEvent: (event: ListenerEvent) => void;
  /** The connection has ended and everything of it is released. */
  onClosed: () => void;
}

/**
 * One client: its requests are answered one by one, and the connection stays open for more (spec common-protocol 2, 16). Anything that is
 * not a request of one of the two protocols is refused at once and the connection closed: a client that tries another protocol first must
 * notice (spec common-protocol 12.4).
 */
export class ClientConnection {
  readonly peer: string;
  /** The peer without its port. */
  readonly host: string;
  private readonly socket: Socket;
  private readonly options: ConnectionOptions;
  private channel: Channel | undefined;
  /** The socket, or the decrypted stream. */
  private stream: Duplex;
  private readonly incoming: IncomingRequests;
  private readonly backup: BackupLog;
  /** Aborted when the connection has ended or is about to end. */
  private readonly gone = new AbortController();
  private readonly deadline = new ConnectionDeadline();
  private phase: ConnectionPhase = 'first';
  /** Other connections use what was prepared on this one, so it may be silent. */
  private isUsed = false;
  /** It will end when no backup needs it any more. */
  private isFinishing = false;
  /** The reason for sending the client away was reported. */
  private isEndTold = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.stream = socket;
    this.options = options;
    this.host = socket.remoteAddress ?? 'unknown';
    this.peer = formatAddress({ host: this.host, port: socket.remotePort ?? 0 });
    this.backup = new BackupLog(this.peer, options.onEvent);
    this.incoming = new IncomingRequests({
      converse: (protocol) => this.converse(protocol),
      onInquiry: (inquiry) => void this.answer(inquiry),
      onBegun: () => this.expectRest(),
      onNonsense: (error) => this.refuse(error),
      onFlood: () => this.cut(new GraphkeepError('peer.hostile', FLOOD, this.place())),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => this.lose(error));
    socket.on('close', () => this.close());
  }

  /** Starts to read requests. */
  start(): void {
    this.expectRequest(this.options.limits.requestTimeoutMs, 'no request came');
    void this.open();
  }

  /** Tells the client why it is not served, then closes. Says nothing if required encryption is not established. */
  refuse(error: unknown): void {
    if (!isOpen(this.phase)) return;
    this.tellEnd('refused', error);
    this.end();
    // Read and drop further input: unread bytes would make the system reset the connection, and the answer would be lost.
    this.stream.removeAllListeners('data').resume();
    this.linger();
    void this.sayGoodbye(error);
  }

  /** Answers what is under way, including the rest of a backup with several requests, then closes. */
  finish(): void {
    this.isFinishing = true;
    if (isAnswering(this.phase) || this.isWanted) return;
    this.end();
    this.socket.destroy();
  }

  /** Ends everything now. The client sees a broken connection, never a complete answer. */
  cut(error: GraphkeepError): void {
    this.end();
    this.gone.abort(error);
    // resetAndDestroy() alone would wait until the client has read what is buffered.
    this.socket.resetAndDestroy().destroy();
  }

  /** True if other connections of the client may still need this one. */
  private get isWanted(): boolean {
    const speaksCatchup = this.incoming.conversation instanceof CatchupConversation;
    return this.backup.isOpen || (speaksCatchup && this.options.leases.isAnyHeld);
  }

  private async open(): Promise<void> {
    const { sslPolicy: policy } = this.options;
    const { peer } = this;
    const { signal } = this.gone;
    try {
      // The time limit for the first request starts with the connection.
      this.channel = await openChannel(this.socket, { role: 'server', peer, policy, timeoutMs: 0, signal });
      this.attach(this.channel.stream);
    } catch (error) {
      // A client that merely goes away is not refused.
      if (!hasCode(error, 'cancelled')) this.tellEnd('refused', error);
      this.end();
      this.socket.destroy();
    }
  }

  private async switchOver(): Promise<void> {
    const stream = await this.channel!.switchOver();
    if (stream !== this.stream) this.attach(stream);
  }

  private attach(stream: Duplex): void {
    this.stream = stream;
    stream.on('data', (bytes: Buffer) => this.incoming.take(bytes));
    stream.on('error', (error) => this.lose(error));
    stream.on('end', () => this.leave());
  }

  private async sayGoodbye(error: unknown): Promise<void> {
    const { conversation } = this.incoming;
    const isSecret = this.options.sslPolicy !== undefined && this.channel === undefined;
    try {
      const bytes = conversation === undefined ? encodeRefusal(error) : conversation.refuse(error);
      const answer = isSecret ? undefined : await bytes;
      if (answer === undefined) this.stream.end();
      else this.stream.end(answer);
    } catch {
      // Nothing can be sent any more.
      this.socket.destroy();
    }
  }

  private converse(protocol: 'catchup' | 'common'): Conversation {
    const { place, limits, leases, compression } = this.options;
    const { signal } = this.gone;
    const onHeldTooLong = () =>
      this.cut(tooSlow(`the copy kept the database from its check points for ${limits.maxHoldMs} ms`, this.peer));
    if (protocol === 'common') {
      return new CommonConversation(this.peer, { place, signal, maxHoldMs: limits.maxHoldMs, onHeldTooLong });
    }
    const switchOver = () => this.switchOver();
    const onUse = (isUsed: boolean) => this.noteUse(isUsed);
    const shared = { place, limits, leases, signal, onHeldTooLong, onUse };
    return new CatchupConversation(this.peer, { ...shared, compression, switchOver });
  }

  private async answer(inquiry: Inquiry): Promise<void> {
    const { limits } = this.options;
    this.step(inquiry.isGreeting === true ? 'greet' : 'ask');
    if (this.phase === 'answering') this.deadline.clear();
    const sender = new FrameSender(this.stream, limits.stallTimeoutMs, () =>
      this.cut(tooSlow(`the client took nothing of its answer for ${limits.stallTimeoutMs} ms`, this.peer)),
    );
    if (inquiry.begins !== undefined) this.backup.begin(inquiry.request, inquiry.begins.after);
    const startedAt = performance.now();
    try {
      await inquiry.answer(sender);
      this.backup.addBytes(sender.sentBytes);
      if (inquiry.ends === true) this.backup.finish();
    } catch (error) {
      await this.fail(inquiry, error, startedAt, sender);
    } finally {
      sender.stop();
      this.goOn();
    }
  }

  private async fail(inquiry: Inquiry, error: unknown, startedAt: number, sender: FrameSender): Promise<void> {
    const { signal } = this.gone;
    let ending: 'stays-open' | 'closes' | undefined;
    try {
      if (!signal.aborted) ending = await inquiry.fail(error);
    } catch {
      // The connection ended while the failure was sent, or nothing can be sent any more.
    }
    if (ending !== 'stays-open') this.end();
    this.backup.addBytes(sender.sentBytes);
    this.tellFailure(inquiry, ending === undefined ? (signal.reason ?? error) : error, ending, startedAt, sender);
    if (ending === undefined) this.socket.resetAndDestroy().destroy();
  }

  /** If the connection stays, the client repeats a failed part, and the backup continues. */
  private tellFailure(
    inquiry: Inquiry,
    error: unknown,
    ending: 'stays-open' | 'closes' | undefined,
    startedAt: number,
    sender: FrameSender,
  ): void {
    const isPart = inquiry.begins === undefined && inquiry.ends !== true;
    if (inquiry.isGreeting === true) this.tellEnd('refused', error);
    else if (!this.backup.isOpen || (isPart && ending === 'stays-open')) {
      this.backup.failPart(ending === undefined ? 'aborted' : 'failed', error, startedAt, sender.sentBytes);
    } else if (ending === undefined) this.backup.abort(error);
    else this.backup.fail(error);
  }

  /** After an answer: the next request, which may have arrived already, or the end. */
  private goOn(): void {
    if (this.isFinishing && !this.isWanted) this.end();
    switch (this.step('answered')) {
      case 'gone':
        this.options.onClosed();
        return;
      case 'leaving':
        this.stream.end();
        this.linger();
        return;
      case 'waiting':
        this.expectNext();
    }
    this.incoming.next();
  }

  private expectRest(): void {
    if (this.phase === 'waiting') {
      this.expectRequest(this.options.limits.requestTimeoutMs, 'a request was not complete in time');
    }
  }

  private noteUse(isUsed: boolean): void {
    this.isUsed = isUsed;
    if (this.phase === 'waiting') this.expectNext();
  }

  private expectNext(): void {
    this.expectRequest(this.isUsed ? 0 : this.options.limits.idleTimeoutMs, 'no further request came');
  }

  private expectRequest(timeoutMs: number, message: string): void {
    this.deadline.set(timeoutMs, () => {
      this.tellEnd('silent', tooSlow(`${message} for ${timeoutMs} ms`, this.peer));
      this.end();
      this.socket.destroy();
    });
  }

  private step(step: ConnectionStep): ConnectionPhase {
    this.phase = nextPhase(this.phase, step);
    return this.phase;
  }

  /** Stops reading requests. What is under way continues. */
  private end(): void {
    this.step('end');
    this.incoming.stop();
    this.deadline.clear();
  }

  /** Gives the client time to read the last output. */
  private linger(): void {
    this.deadline.set(LINGER_MS, () => this.socket.destroy());
  }

  /** Reports once why a client is sent away. */
  private tellEnd(kind: 'refused' | 'silent', error: unknown): void {
    if (this.isEndTold) return;
    this.isEndTold = true;
    this.options.onEvent({ kind, peer: this.peer, error });
  }

  /** The client closed its direction. A last answer or refusal on its way to it may still arrive. */
  private leave(): void {
    if (this.phase !== 'leaving') this.lose();
  }

  /** The client closed, or the connection broke. No client closes only its own direction, so there is nobody left to send to. */
  private lose(cause?: unknown): void {
    if (!this.gone.signal.aborted) {
      this.gone.abort(
        new GraphkeepError('serve.client-lost', 'the client went away', {
          ...this.place(),
          ...(cause instanceof Error ? { observed: cause.message } : {}),
          cause,
        }),
      );
    }
    this.end();
    this.socket.destroy();
  }

  private close(): void {
    const phase = this.step('closed');
    this.lose();
    if (phase === 'abandoned') return;
    this.backup.abort(this.gone.signal.reason);
    this.options.onClosed();
  }

  private place(): { place: { peer: string } } {
    return { place: { peer: this.peer } };
  }
}

function tooSlow(message: string, peer: string): GraphkeepError {
  return new GraphkeepError('serve.client-slow', message, { place: { peer } });
}
