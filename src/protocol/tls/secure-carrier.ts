import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { GraphkeepError } from '../../base/errors.ts';
import { mayBeginRecord, RecordSplitter } from './record-splitter.ts';
import { SessionPipe } from './session-pipe.ts';
import { closedBeforeAnyByte, handshakeFailed, plaintextPeer } from './tls-errors.ts';
import { type SessionOptions, startSession } from './tls-session.ts';

/** Stream events that a user may listen to. */
const USER_EVENTS = ['data', 'readable', 'end', 'close', 'error', 'drain', 'finish', 'pause', 'resume', 'timeout'];

/**
 * Two consecutive TLS sessions on one connection (spec catchup-protocol 7). The first runs over a {@link SessionPipe}, so that it can be
 * detached between two records: without a close_notify, and without losing a byte that belongs to the second. The second runs directly on
 * the socket, at full speed.
 */
export class SecureCarrier {
  private readonly socket: Socket;
  private readonly options: SessionOptions;
  private readonly splitter = new RecordSplitter();
  private readonly pipe: SessionPipe;
  private session: TLSSocket | undefined;
  /** True once the peer has begun the next session; its bytes wait for that session. */
  private isHolding = false;
  private hasBegun = false;
  private hasEnded = false;

  constructor(socket: Socket, options: SessionOptions) {
    this.socket = socket;
    this.options = options;
    this.pipe = new SessionPipe({
      wantMore: () => this.deliver(),
      write: (bytes, done) => void socket.write(bytes, done),
      end: (done) => void socket.end(done),
      close: () => void socket.destroy(),
    });
  }

  /** Starts the first session. @throws GraphkeepError as {@link startSession} */
  async startTls(): Promise<Duplex> {
    const { socket, pipe, options } = this;
    socket.on('data', this.onData).on('end', this.onEnd).on('error', this.onError).on('close', this.onClose);
    // A TLS engine that is done with its pipe may leave an error on it.
    pipe.on('error', () => {});
    const starting = startSession(pipe, options);
    if (socket.destroyed || socket.readableEnded) this.breakOff(handshakeFailed(undefined, options.peer));
    socket.resume();
    this.session = await starting;
    return this.session;
  }

  /**
   * Detaches the first session once everything it wrote is sent, and starts the second one.
   * @throws GraphkeepError as {@link startSession}
   */
  async restartTls(): Promise<Duplex> {
    await this.detach();
    return startSession(this.socket, this.options);
  }

  /** Afterwards the only bytes left are those of the second session; they are read next. */
  private async detach(): Promise<void> {
    const { socket, pipe, splitter } = this;
    const session = this.session!;
    this.isHolding = true;
    // Only the user of the stream can have registered these.
    for (const event of USER_EVENTS) session.removeAllListeners(event);
    session.pause();
    await flush(session).catch((cause: Error) => {
      throw this.breakOff(handshakeFailed(cause, this.options.peer));
    });
    if (session.readableLength > 0) throw this.breakOff(unexpectedData(this.options.peer, session.readableLength));
    if (socket.destroyed || this.hasEnded) throw this.breakOff(handshakeFailed(undefined, this.options.peer));
    socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
    socket.pause();
    pipe.detach();
    session.on('error', () => {});
    session.destroy();
    const rest = splitter.takeRest();
    if (rest.length > 0) socket.unshift(rest);
  }

  private readonly onData = (bytes: Buffer): void => {
    if (!this.hasBegun && !mayBeginRecord(bytes)) {
      this.breakOff(plaintextPeer(this.options.peer, bytes));
      return;
    }
    this.hasBegun = true;
    this.splitter.feed(bytes);
    this.deliver();
  };

  /** Passes whole records to the TLS engine while it accepts them. */
  private deliver(): void {
    while (!this.holdsBack()) {
      const record = this.splitter.next();
      if (record === undefined) {
        if (this.hasEnded) this.pipe.push(null);
        else this.socket.resume();
        return;
      }
      if (!this.pipe.push(record)) break;
    }
    this.socket.pause();
  }

  private holdsBack(): boolean {
    this.isHolding ||= this.session !== undefined && this.splitter.isClientHelloNext;
    return this.isHolding;
  }

  private readonly onEnd = (): void => {
    const { session, options } = this;
    this.hasEnded = true;
    if (session === undefined) this.breakOff(handshakeFailed(undefined, options.peer));
    else if (this.mayBePutOut) this.breakOff(closedBeforeAnyByte(options.peer));
    else this.deliver();
  };

  private readonly onError = (error: Error): void => {
    const { peer } = this.options;
    if (this.session === undefined) this.breakOff(handshakeFailed(error, peer));
    else this.breakOff(this.mayBePutOut ? closedBeforeAnyByte(peer, error) : error);
  };

  /**
   * True for a client that has received nothing yet: with TLS 1.3 it considers itself connected before the server has checked its
   * certificate.
   */
  private get mayBePutOut(): boolean {
    return this.options.role === 'client' && this.session?.bytesRead === 0;
  }

  private readonly onClose = (): void => {
    if (this.session === undefined) this.breakOff(handshakeFailed(undefined, this.options.peer));
    else this.session.destroy();
  };

  /** Ends session and connection with this error. */
  private breakOff(error: Error): Error {
    if (this.session !== undefined) this.session.destroy(error);
    else this.pipe.destroy(error);
    this.socket.destroy();
    return error;
  }
}

/** Waits until everything written was passed to the system. */
function flush(session: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    session.once('close', () => reject(new Error('the connection was closed')));
    session.write('', (error) => (error ? reject(error) : resolve()));
  });
}

function unexpectedData(peer: string, bytes: number): GraphkeepError {
  return new GraphkeepError('peer.hostile', 'the peer sent data after the switch-over', {
    place: { peer },
    observed: `${bytes} bytes`,
  });
}
