import type { Duplex } from 'node:stream';
import { cancelledError } from '../../base/cancellation.ts';
import { startTimer } from '../../base/timers.ts';
import type { ClientHandshake } from '../../protocol/catchup/client-handshake.ts';
import type { Modifier } from '../../protocol/catchup/handshake-messages.ts';
import type { Channel } from '../../protocol/tls/channel.ts';
import { closedInHandshake, handshakeTooSlow, unaskedFor } from './handshake-errors.ts';

/** Time limit of a handshake; 0 = no limit. */
export interface HandshakeLimit {
  limitMs: number;
  /** When the connection was begun, on the clock of `performance.now()`. */
  startedMs: number;
}

/** The stream for requests. */
export interface OpenedStream {
  stream: Duplex;
  modifiers: Modifier[];
}

/** Performs the handshake over a channel, then its switch-over (spec catchup-protocol 5.1, 7). */
export class HandshakeConversation {
  /** Rejects with `peer.*`, `tls.*` or `cancelled`; the caller must then close the socket. */
  readonly result: Promise<OpenedStream>;
  private readonly channel: Channel;
  private readonly handshake: ClientHandshake;
  private readonly peer: string;
  private readonly signal: AbortSignal;
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly receive = (bytes: Buffer) => this.take(bytes);
  private readonly closed = (cause?: unknown) => this.fail(closedInHandshake(this.peer, this.handshake, cause));
  private readonly abort = () => this.fail(cancelledError(this.signal));
  private resolve!: (opened: OpenedStream | Promise<OpenedStream>) => void;
  private reject!: (error: unknown) => void;

  constructor(
    channel: Channel,
    handshake: ClientHandshake,
    peer: string,
    { limitMs, startedMs }: HandshakeLimit,
    signal: AbortSignal,
  ) {
    this.channel = channel;
    this.handshake = handshake;
    this.peer = peer;
    this.signal = signal;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const leftMs = Math.max(1, limitMs - (performance.now() - startedMs));
    const late = () => this.fail(handshakeTooSlow(peer, handshake, limitMs));
    this.timer = limitMs > 0 ? startTimer(late, leftMs) : undefined;
    signal.addEventListener('abort', this.abort, { once: true });
    const { receive, closed } = this;
    channel.stream.on('data', receive).on('end', closed).on('close', closed).on('error', closed);
    channel.stream.write(handshake.begin());
    if (signal.aborted) this.abort();
  }

  private take(bytes: Buffer): void {
    try {
      const { send, done } = this.handshake.feed(bytes);
      if (send !== undefined) this.channel.stream.write(send);
      if (done === undefined) return;
      if (done.rest.length > 0) throw unaskedFor(this.peer, this.handshake, done.rest);
      this.leave();
      this.channel.stream.pause();
      // Synchronously: with TLS, the next byte belongs to another session.
      this.resolve(this.channel.switchOver().then((stream) => ({ stream, modifiers: done.modifiers })));
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.leave();
    this.channel.stream.on('error', () => {});
    this.reject(error);
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.abort);
    const { receive, closed } = this;
    const { stream } = this.channel;
    stream.removeListener('data', receive).removeListener('end', closed);
    stream.removeListener('close', closed).removeListener('error', closed);
  }
}
