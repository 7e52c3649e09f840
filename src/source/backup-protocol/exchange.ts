import { connect, type Socket } from 'node:net';
import { cancelledError } from '../../base/cancellation.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { startTimer } from '../../base/timers.ts';
import {
  closedTooEarly,
  notConnectedInTime,
  sendsTooLittle,
  silentTooLong,
  unreachable,
} from '../../net/connection-errors.ts';
import { connectableHost, formatAddress, type ServerAddress } from '../../net/server-address.ts';
import { type CommonRequest, encodeRequest } from '../../protocol/backup-protocol/request.ts';
import {
  ResponseDecoder,
  type ResponseHandler,
  type ResponseOutcome,
} from '../../protocol/backup-protocol/response-decoder.ts';
import { Delivery } from '../../protocol/delivery.ts';
import { ProgressWatch } from '../progress-watch.ts';

/** Same as the Java client (spec common-protocol 2). */
export const CONNECT_TIMEOUT_MS = 5000;

/** For every address of a name except the last. */
const ADDRESS_TIMEOUT_MS = 1000;

/** Size of a socket read. Larger buffers do not fit into the processor caches along with the data being moved. */
const READ_BYTES = 256 * 1024;

/** Detects a peer that vanished silently, long before the read timeout of 20 minutes. */
const KEEP_ALIVE_MS = 60_000;

export interface ExchangeOptions {
  address: ServerAddress;
  request: CommonRequest;
  handler: ResponseHandler;
  /** Longest silence of the server; 0 = no limit. */
  timeoutMs: number;
  connectTimeoutMs: number;
  signal: AbortSignal;
}

/**
 * Sends one request over a new connection and receives the response (spec common-protocol 1, 2). Resolves with the outcome once all of it
 * was delivered and the connection is closed. On rejection the connection is closed, and the handler is not called any more.
 */
export function exchange(options: ExchangeOptions): Promise<ResponseOutcome> {
  if (options.signal.aborted) return Promise.reject(cancelledError(options.signal));
  return new Exchange(options).result;
}

class Exchange {
  readonly result: Promise<ResponseOutcome>;
  private readonly options: ExchangeOptions;
  private readonly peer: string;
  private readonly decoder: ResponseDecoder;
  private readonly progress: ProgressWatch;
  private readonly connectTimer: NodeJS.Timeout;
  private readonly socket: Socket;
  private readonly abort = () => this.fail(cancelledError(this.options.signal));
  private isConnected = false;
  private isOver = false;
  private received = 0;
  private resolve!: (outcome: ResponseOutcome) => void;
  private reject!: (error: unknown) => void;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.peer = formatAddress(options.address);
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const delivery = new Delivery();
    delivery.onFailure = (error) => this.fail(error);
    this.decoder = new ResponseDecoder(options.request.kind, options.handler, this.peer, delivery);
    this.progress = new ProgressWatch(
      { silenceMs: options.timeoutMs },
      () => this.fail(silentTooLong(this.peer, this.received, this.decoder.position, options.timeoutMs)),
      (observed) => this.fail(sendsTooLittle(this.peer, this.received, this.decoder.position, observed)),
    );
    this.connectTimer = startTimer(
      () => this.fail(notConnectedInTime(this.peer, options.connectTimeoutMs)),
      options.connectTimeoutMs,
    );
    options.signal.addEventListener('abort', this.abort, { once: true });
    this.socket = this.connect();
  }

  private connect(): Socket {
    const { address } = this.options;
    const socket = connect({
      host: connectableHost(address.host),
      port: address.port,
      // The default of 250 ms is too short for a name with several distant addresses.
      autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      // One buffer for all reads: no allocation per read, and the decoder keeps nothing that it is fed.
      onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: (count, buffer) => this.receive(count, buffer) },
    });
    socket.on('connect', () => this.start());
    socket.on('error', (error) => this.fail(this.isConnected ? this.closed(error) : unreachable(this.peer, error)));
    socket.on('end', () => this.fail(this.closed()));
    socket.on('close', () => this.fail(this.closed()));
    return socket;
  }

  private start(): void {
    this.isConnected = true;
    clearTimeout(this.connectTimer);
    this.progress.start();
    this.socket.write(encodeRequest(this.options.request));
  }

  /** Handles the bytes of one read; false = pause reading until resumed. */
  private receive(count: number, buffer: Uint8Array): boolean {
    if (this.isOver) return false;
    this.progress.note(count);
    this.received += count;
    this.decoder.feed(Buffer.from(buffer.buffer, buffer.byteOffset, count));
    return this.advance();
  }

  /** True if all received bytes are used up. Otherwise the decoder waits for the receiver, and so does the socket. */
  private advance(): boolean {
    try {
      const wait = this.decoder.advance();
      if (this.decoder.outcome !== undefined) return this.succeed(this.decoder.outcome);
      if (wait === undefined) return !this.isOver;
      this.progress.pause();
      // onFailure has already reported a rejection.
      wait.then(() => this.goOn()).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
    return false;
  }

  private goOn(): void {
    if (this.isOver || !this.advance()) return;
    this.progress.resume();
    this.socket.resume();
  }

  private succeed(outcome: ResponseOutcome): false {
    this.close();
    void this.decoder.settle().then(() => this.resolve(outcome));
    return false;
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    this.close();
    void this.decoder.settle().then(() => this.reject(error));
  }

  private close(): void {
    this.isOver = true;
    clearTimeout(this.connectTimer);
    this.progress.stop();
    this.options.signal.removeEventListener('abort', this.abort);
    this.socket.destroy();
    this.decoder.stop();
  }

  private closed(cause?: unknown): GraphkeepError {
    return closedTooEarly(this.peer, this.received, this.decoder.position, cause);
  }
}
