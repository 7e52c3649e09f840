import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { cancelledError } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { SslPolicy } from '../../config/ssl-policy.ts';
import { ClientHandshake } from '../../protocol/catchup/client-handshake.ts';
import type { Modifier } from '../../protocol/catchup/handshake-messages.ts';
import { type Channel, openChannel } from '../../protocol/tls/channel.ts';
import { notConnectedInTime, unreachable } from '../connection-errors.ts';
import { connectableHost, formatAddress, type ServerAddress } from '../server-address.ts';
import { closedInHandshake, handshakeTooSlow } from './handshake-errors.ts';
import { RequestStream } from './request-stream.ts';

/** For each but the last address of a name. */
const ADDRESS_TIMEOUT_MS = 1000;

/** Notices a peer that vanished without a word, long before the inactivity timeout. */
const KEEP_ALIVE_MS = 60_000;

export interface ConnectionOptions {
  address: ServerAddress;
  /** Encrypts, and proves who both sides are. */
  policy: SslPolicy | undefined;
  /** Names of compressions to offer for what the client sends, best first. */
  compressions: readonly string[];
  connectTimeoutMs: number;
  /** Longest time from the connection to the end of the handshake; 0 = no limit. */
  handshakeTimeoutMs: number;
  /** Longest silence of the server while an answer is due; 0 = no limit. */
  inactivityTimeoutMs: number;
}

/**
 * Opens a connection to a cluster member, ready for requests (spec 5). Rejected with `peer.*` or `tls.*`; nothing stays open then.
 */
export async function openConnection(options: ConnectionOptions, signal: AbortSignal): Promise<RequestStream> {
  if (signal.aborted) throw cancelledError(signal);
  return await new Opening(options, signal).run();
}

/** The way from nothing to a connection behind its handshake. */
class Opening {
  private readonly options: ConnectionOptions;
  private readonly signal: AbortSignal;
  private readonly peer: string;
  private readonly handshake: ClientHandshake;
  private readonly startedMs = performance.now();
  private socket!: Socket;

  constructor(options: ConnectionOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
    this.peer = formatAddress(options.address);
    this.handshake = new ClientHandshake(this.peer, options.compressions);
  }

  async run(): Promise<RequestStream> {
    this.socket = await this.connect();
    // Errors reach whoever listens to the stream; without a listener they would end the process.
    this.socket.on('error', () => {});
    try {
      return await this.shakeHands();
    } catch (error) {
      this.socket.destroy();
      throw error;
    }
  }

  private connect(): Promise<Socket> {
    const { address, connectTimeoutMs } = this.options;
    const socket = connect({
      host: connectableHost(address.host),
      port: address.port,
      // The default of 250 ms is too short for a name with several addresses far away.
      autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      noDelay: true,
    });
    return new Promise((resolve, reject) => {
      const end = (error?: unknown): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', abort);
        socket.removeListener('error', refuse);
        if (error === undefined) resolve(socket);
        else {
          socket.on('error', () => {});
          socket.destroy();
          reject(error);
        }
      };
      const abort = () => end(cancelledError(this.signal));
      const refuse = (error: Error) => end(unreachable(this.peer, error));
      const timer = setTimeout(() => end(notConnectedInTime(this.peer, connectTimeoutMs)), connectTimeoutMs);
      this.signal.addEventListener('abort', abort, { once: true });
      socket.once('error', refuse);
      socket.once('connect', () => end());
    });
  }

  private async shakeHands(): Promise<RequestStream> {
    const { policy, address, handshakeTimeoutMs } = this.options;
    const channel = await openChannel(this.socket, {
      role: 'client',
      peer: this.peer,
      host: connectableHost(address.host),
      policy,
      timeoutMs: handshakeTimeoutMs,
      signal: this.signal,
    });
    const { stream, modifiers } = await this.negotiate(channel);
    return new RequestStream(stream, {
      peer: this.peer,
      offset: this.handshake.offset,
      modifiers,
      inactivityTimeoutMs: this.options.inactivityTimeoutMs,
      signal: this.signal,
    });
  }

  /** The frames of the handshake, then the switch-over, which has to begin in the call that gets the last frame. */
  private negotiate(channel: Channel) {
    const { stream } = channel;
    const { handshakeTimeoutMs } = this.options;
    return new Promise<{ stream: Duplex; modifiers: Modifier[] }>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', abort);
        stream.removeListener('data', receive).removeListener('end', closed).removeListener('close', closed);
        stream.removeListener('error', closed);
      };
      const fail = (error: unknown): void => {
        leave();
        stream.on('error', () => {});
        reject(error);
      };
      const abort = () => fail(cancelledError(this.signal));
      const closed = (cause?: unknown) => fail(closedInHandshake(this.peer, this.handshake, cause));
      const receive = (bytes: Buffer): void => {
        try {
          const { send, done } = this.handshake.feed(bytes);
          if (send !== undefined) stream.write(send);
          if (done === undefined) return;
          if (done.rest.length > 0) throw this.unasked(done.rest);
          leave();
          stream.pause();
          channel.switchOver().then((next) => resolve({ stream: next, modifiers: done.modifiers }), reject);
        } catch (error) {
          fail(error);
        }
      };
      const late = () => fail(handshakeTooSlow(this.peer, this.handshake, handshakeTimeoutMs));
      const leftMs = Math.max(1, handshakeTimeoutMs - (performance.now() - this.startedMs));
      const timer = handshakeTimeoutMs > 0 ? setTimeout(late, leftMs) : undefined;
      this.signal.addEventListener('abort', abort, { once: true });
      stream.on('data', receive).on('end', closed).on('close', closed).on('error', closed);
      stream.write(this.handshake.begin());
    });
  }

  private unasked(rest: Buffer): GraphkeepError {
    return new GraphkeepError('peer.protocol', 'the server sends something that it was not asked for', {
      place: { peer: this.peer, offset: this.handshake.offset },
      observed: rest.toString('hex', 0, 16),
    });
  }
}
