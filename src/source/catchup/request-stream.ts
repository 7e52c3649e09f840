import type { Duplex } from 'node:stream';
import { cancelledError } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { closedTooEarly, sendsTooLittle, silentTooLong } from '../../net/connection-errors.ts';
import { type CatchupRequest, encodeRequest } from '../../protocol/catchup/catchup-request.ts';
import type { CatchupOutcome } from '../../protocol/catchup/catchup-response.ts';
import type { Modifier } from '../../protocol/catchup/handshake-messages.ts';
import { RequestCompressor } from '../../protocol/catchup/modifiers.ts';
import { type CatchupHandler, ResponseDecoder } from '../../protocol/catchup/response-decoder.ts';
import { Delivery } from '../../protocol/delivery.ts';
import { ProgressWatch } from '../progress-watch.ts';

const raiseInactivity =
  'The server was silent for too long. It may be writing a check point; try again or raise causal_clustering.catch_up_client_inactivity_timeout.';

export interface RequestStreamOptions {
  peer: string;
  /** Bytes of the connection received before. */
  offset: number;
  modifiers: Modifier[];
  inactivityTimeoutMs: number;
  signal: AbortSignal;
}

export type StreamRequest = Exclude<CatchupRequest, { kind: 'coreSnapshot' }>;

/** What a request needs besides the outcome. Messages without a method here must not arrive. */
export type AnswerHandler = Partial<CatchupHandler>;

interface Pending {
  handler: AnswerHandler;
  resolve: (outcome: CatchupOutcome) => void;
  reject: (error: unknown) => void;
}

/** Sends requests and receives responses, one by one, over a stream after its handshake (spec catchup-protocol 8). */
export class RequestStream {
  isOpen = true;
  private readonly stream: Duplex;
  private readonly options: RequestStreamOptions;
  private readonly decoder: ResponseDecoder;
  private readonly compressor: RequestCompressor;
  private readonly progress: ProgressWatch;
  private readonly abort = () => this.fail(cancelledError(this.options.signal));
  private pending: Pending | undefined;
  /** Why no more requests are possible. */
  private end: unknown;

  constructor(stream: Duplex, options: RequestStreamOptions) {
    this.stream = stream;
    this.options = options;
    const { peer, offset, modifiers, inactivityTimeoutMs, signal } = options;
    const delivery = new Delivery();
    delivery.onFailure = (error) => this.fail(error);
    this.decoder = new ResponseDecoder(this.dispatch(), peer, { offset, delivery });
    this.compressor = new RequestCompressor(modifiers);
    this.progress = new ProgressWatch(
      { silenceMs: inactivityTimeoutMs },
      () => this.fail(this.silent()),
      (observed) => this.fail(this.slow(observed)),
    );
    signal.addEventListener('abort', this.abort, { once: true });
    stream.on('data', (bytes: Buffer) => this.receive(bytes));
    stream.on('error', (error) => this.fail(this.closed(error)));
    stream.on('end', () => this.fail(this.closed()));
    stream.on('close', () => this.fail(this.closed()));
    if (signal.aborted) this.abort();
    else stream.resume();
  }

  request(request: StreamRequest, handler: AnswerHandler): Promise<CatchupOutcome> {
    if (!this.isOpen) return Promise.reject(this.end);
    return new Promise((resolve, reject) => {
      this.pending = { handler, resolve, reject };
      try {
        this.decoder.begin(request.kind);
        this.progress.start();
        this.stream.write(this.compressor.encode(encodeRequest(request)));
      } catch (error) {
        this.fail(error);
      }
    });
  }

  close(): void {
    this.fail(new GraphkeepError('internal', 'the connection was closed by its user'));
  }

  /** Everything that arrives belongs to the request under way. */
  private dispatch(): CatchupHandler {
    const current = <M extends keyof CatchupHandler>(method: M): CatchupHandler[M] => {
      const call = (...parts: never[]): unknown => {
        const { handler } = this.pending ?? {};
        if (handler?.[method] === undefined) throw new GraphkeepError('internal', `an answer has an unexpected part`);
        return (handler[method] as (...all: never[]) => unknown).apply(handler, parts);
      };
      return call as CatchupHandler[M];
    };
    return {
      beginFile: current('beginFile'),
      fileBytes: current('fileBytes'),
      endFile: current('endFile'),
      beginTransaction: current('beginTransaction'),
      transactionBytes: current('transactionBytes'),
      endTransaction: current('endTransaction'),
    };
  }

  private receive(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.progress.note(bytes.length);
    try {
      this.decoder.feed(bytes);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (!this.advance()) this.stream.pause();
  }

  /** True if all received bytes are used up. Otherwise the decoder waits for the receiver, and so does the stream. */
  private advance(): boolean {
    try {
      const wait = this.decoder.advance();
      if (this.decoder.outcome !== undefined) {
        this.succeed(this.decoder.outcome);
        return true;
      }
      if (wait === undefined) return this.isOpen;
      this.progress.pause();
      // onFailure has already reported a rejection.
      wait.then(() => this.goOn()).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
    return false;
  }

  private goOn(): void {
    if (!this.isOpen || !this.advance()) return;
    this.progress.resume();
    this.stream.resume();
  }

  private succeed(outcome: CatchupOutcome): void {
    const { pending } = this;
    this.pending = undefined;
    this.progress.stop();
    pending?.resolve(outcome);
  }

  private fail(error: unknown): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.end = error;
    this.progress.stop();
    this.options.signal.removeEventListener('abort', this.abort);
    // It may emit errors while it closes; nobody waits for them.
    this.stream.on('error', () => {});
    this.stream.destroy();
    this.decoder.stop();
    const { pending } = this;
    this.pending = undefined;
    void this.decoder.settle().then(() => pending?.reject(error));
  }

  private closed(cause?: unknown): GraphkeepError {
    if (cause instanceof GraphkeepError) return cause;
    const { offset, position } = this.decoder;
    return closedTooEarly(this.options.peer, offset, position, cause);
  }

  private slow(observed: string): GraphkeepError {
    const { offset, position } = this.decoder;
    return sendsTooLittle(this.options.peer, offset, position, observed);
  }

  private silent(): GraphkeepError {
    const { offset, position } = this.decoder;
    return silentTooLong(this.options.peer, offset, position, this.options.inactivityTimeoutMs, raiseInactivity);
  }
}
