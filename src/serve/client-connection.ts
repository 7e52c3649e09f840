import type { Socket } from 'node:net';
import { GraphkeepError } from '../base/errors.ts';
import { type CommonRequest, RequestDecoder } from '../protocol/common/request.ts';
import { ResponseWriter } from '../protocol/common/response-writer.ts';
import { formatAddress } from '../source/server-address.ts';
import { writeAnswer } from './answer.ts';
import { writeFailure, writeRefusal } from './failure-answer.ts';
import { FrameSender } from './frame-sender.ts';
import type { AnswerFigures, ListenerEvent } from './listener-events.ts';
import type { ListenerLimits } from './listener-options.ts';
import type { ServedDatabase } from './served-database.ts';

/** What a client may send ahead while its answer is under way. Real clients send nothing. */
const MAX_AHEAD_BYTES = 64 * 1024;

/** How long a refused client has to read why, before the connection is closed under it. */
const LINGER_MS = 1000;

/** A refusal is short: it does not need the buffers of a copy. */
const REFUSAL_BYTES = 16 * 1024;

/** Longest wait of {@link Socket.setKeepAlive}: a client that vanished without a word is noticed by the system after some minutes. */
const KEEP_ALIVE_MS = 60_000;

export interface ConnectionOptions {
  database: ServedDatabase;
  limits: ListenerLimits;
  onEvent: (event: ListenerEvent) => void;
  /** The connection is gone and nothing of it is left. */
  onClosed: () => void;
}

/**
 * One client: requests are answered one after the other, and the connection stays open for more (common-protocol spec 2, 16.2). Everything
 * that is not a request is refused at once with a failure, and the connection closed: a client that tries another protocol first
 * must notice (spec 12.4).
 */
export class ClientConnection {
  readonly peer: string;
  private readonly socket: Socket;
  private readonly options: ConnectionOptions;
  private readonly decoder: RequestDecoder;
  /** Aborted when the connection is gone or about to go. */
  private readonly gone = new AbortController();
  private deadline: NodeJS.Timeout | undefined;
  private ahead: Buffer[] = [];
  private aheadBytes = 0;
  private answering: Promise<void> | undefined;
  /** No more requests are read. */
  private isLast = false;
  private isClosed = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.options = options;
    this.peer = formatAddress({ host: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 });
    this.decoder = new RequestDecoder(this.peer);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => this.lose(error));
    socket.on('end', () => this.leave());
    socket.on('close', () => this.close());
  }

  /** Begins to read requests. */
  start(): void {
    this.expectRequest(this.options.limits.requestTimeoutMs, 'no request came');
    this.socket.on('data', (bytes) => this.receive(bytes));
  }

  /** Tells the client why it is not served, and closes. */
  refuse(error: unknown): void {
    if (this.isLast) return;
    this.options.onEvent({ kind: 'refused', peer: this.peer, error });
    this.isLast = true;
    clearTimeout(this.deadline);
    const writer = new ResponseWriter((frame) => {
      this.socket.end(frame);
      return undefined;
    }, REFUSAL_BYTES);
    // What still comes is read and dropped: unread bytes would make the system reset the connection, and the answer would be lost.
    this.socket.removeAllListeners('data').resume();
    this.deadline = setTimeout(() => this.socket.destroy(), LINGER_MS);
    writer.fail(writeRefusal(error)).catch(() => this.socket.destroy());
  }

  /** Answers what is under way and then closes. */
  finish(): void {
    this.isLast = true;
    if (this.answering === undefined) this.socket.destroy();
  }

  /** Ends everything now. The client sees a broken connection, never a complete answer. */
  cut(error: GraphkeepError): void {
    this.isLast = true;
    this.gone.abort(error);
    // The first alone would wait until the client has taken what is buffered.
    this.socket.resetAndDestroy().destroy();
  }

  private receive(bytes: Buffer): void {
    if (this.isLast && this.answering === undefined) return;
    if (this.answering === undefined) {
      this.read(bytes);
      return;
    }
    this.aheadBytes += bytes.length;
    if (this.aheadBytes > MAX_AHEAD_BYTES) {
      this.cut(new GraphkeepError('peer.hostile', 'the client sends more while its answer is under way', this.place()));
    } else this.ahead.push(bytes);
  }

  /** Reads the next request, out of new bytes or those that are left. */
  private read(bytes?: Buffer): void {
    let request: CommonRequest | undefined;
    const wasBetween = this.decoder.atMessageBoundary;
    try {
      if (bytes !== undefined) this.decoder.feed(bytes);
      request = this.decoder.next();
    } catch (error) {
      this.refuse(error);
      return;
    }
    if (request !== undefined) this.answering = this.answer(request);
    else if (wasBetween && !this.decoder.atMessageBoundary && this.isReused) {
      this.expectRequest(this.options.limits.requestTimeoutMs, 'a request was not complete in time');
    }
  }

  /** False for a first request, whose time runs from the connection on. */
  private isReused = false;

  private async answer(request: CommonRequest): Promise<void> {
    clearTimeout(this.deadline);
    const { limits, onEvent, database } = this.options;
    const { peer, gone } = this;
    const startedAt = performance.now();
    const sender = new FrameSender(this.socket, limits.stallTimeoutMs, () =>
      this.cut(tooSlow(`the client took nothing of its answer for ${limits.stallTimeoutMs} ms`, peer)),
    );
    const figures = () => ({
      request: request.kind,
      peer,
      bytes: sender.sentBytes,
      durationMs: performance.now() - startedAt,
    });
    onEvent({
      kind: 'started',
      request: request.kind,
      peer,
      ...(request.kind === 'incremental' ? { after: request.lastTransactionId } : {}),
    });
    const writer = new ResponseWriter((frame) => sender.send(frame));
    try {
      await writeAnswer(request, writer, {
        database,
        signal: gone.signal,
        maxHoldMs: limits.maxHoldMs,
        onHeldTooLong: () =>
          this.cut(tooSlow(`the copy kept the database from its check points for ${limits.maxHoldMs} ms`, peer)),
      });
      onEvent({ kind: 'finished', ...figures() });
    } catch (error) {
      await this.fail(error, writer, figures);
    } finally {
      sender.stop();
      this.goOn();
    }
  }

  private async fail(error: unknown, writer: ResponseWriter, figures: () => AnswerFigures): Promise<void> {
    const { onEvent } = this.options;
    const { signal } = this.gone;
    try {
      if (!signal.aborted) {
        await writer.fail(writeFailure(error));
        onEvent({ kind: 'failed', error, ...figures() });
        return;
      }
    } catch {
      // The connection went while the failure was sent.
    }
    onEvent({ kind: 'aborted', error: signal.reason ?? error, ...figures() });
  }

  /** After an answer: the next request, which may have come already, or the end. */
  private goOn(): void {
    this.answering = undefined;
    this.isReused = true;
    if (this.isClosed) {
      this.options.onClosed();
      return;
    }
    if (this.isLast) {
      this.socket.end();
      this.deadline = setTimeout(() => this.socket.destroy(), LINGER_MS);
      return;
    }
    this.expectRequest(this.options.limits.idleTimeoutMs, 'no further request came');
    this.read();
    while (this.answering === undefined && !this.isLast && this.ahead.length > 0) {
      const bytes = this.ahead.shift()!;
      this.aheadBytes -= bytes.length;
      this.read(bytes);
    }
  }

  private expectRequest(timeoutMs: number, message: string): void {
    clearTimeout(this.deadline);
    if (timeoutMs <= 0) return;
    this.deadline = setTimeout(() => {
      const error = tooSlow(`${message} for ${timeoutMs} ms`, this.peer);
      this.options.onEvent({ kind: 'silent', peer: this.peer, error });
      this.isLast = true;
      this.socket.destroy();
    }, timeoutMs);
  }

  /** The client closed its direction. What is still on its way to it, a last answer or a refusal, may arrive. */
  private leave(): void {
    if (this.isLast && this.answering === undefined) return;
    this.lose();
  }

  /** The client closed, or the connection broke. No client closes only its own direction: there is nobody left to send to. */
  private lose(cause?: unknown): void {
    if (this.answering !== undefined && !this.gone.signal.aborted) {
      this.gone.abort(
        new GraphkeepError('serve.client-lost', 'the client went away', {
          ...this.place(),
          ...(cause instanceof Error ? { observed: cause.message } : {}),
          cause,
        }),
      );
    }
    this.isLast = true;
    this.socket.destroy();
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.deadline);
    this.ahead = [];
    this.lose();
    if (this.answering === undefined) this.options.onClosed();
  }

  private place(): { place: { peer: string } } {
    return { place: { peer: this.peer } };
  }
}

function tooSlow(message: string, peer: string): GraphkeepError {
  return new GraphkeepError('serve.client-slow', message, { place: { peer } });
}
