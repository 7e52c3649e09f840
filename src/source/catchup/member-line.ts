import type { CatchupOutcome } from '../../protocol/catchup/catchup-response.ts';
import { type ConnectionOptions, openConnection } from './connection-opening.ts';
import type { AnswerHandler, RequestStream, StreamRequest } from './request-stream.ts';

/** Sends requests to a cluster member one by one, over one connection as long as it holds, then over a new one. */
export class MemberLine {
  private readonly options: ConnectionOptions;
  private readonly closing = new AbortController();
  private readonly signal: AbortSignal;
  private stream: RequestStream | undefined;

  constructor(options: ConnectionOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = AbortSignal.any([signal, this.closing.signal]);
  }

  /** Resolves with the message that ends the answer, once all of it was delivered. The handler is not called after a rejection. */
  async request(request: StreamRequest, handler: AnswerHandler): Promise<CatchupOutcome> {
    if (this.stream?.isOpen !== true) this.stream = await openConnection(this.options, this.signal);
    return await this.stream.request(request, handler);
  }

  /** Closes for good: a request under way, and any later one, rejects with `cancelled`. */
  close(): void {
    this.closing.abort();
  }
}
