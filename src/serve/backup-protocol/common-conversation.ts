import { RequestDecoder } from '../../protocol/backup-protocol/request.ts';
import { ResponseWriter } from '../../protocol/backup-protocol/response-writer.ts';
import type { Conversation, Inquiry } from '../conversation/conversation.ts';
import { type AnswerOptions, writeAnswer } from './answer.ts';
import { encodeRefusal, writeFailure } from './failure-answer.ts';

/** The protocol of standalone and HA servers: a request, its answer, and possibly more of both (spec common-protocol 2). */
export class CommonConversation implements Conversation {
  private readonly decoder: RequestDecoder;
  private readonly options: AnswerOptions;

  constructor(peer: string, options: AnswerOptions) {
    this.decoder = new RequestDecoder(peer);
    this.options = options;
  }

  get atMessageBoundary(): boolean {
    return this.decoder.atMessageBoundary;
  }

  feed(bytes: Buffer): void {
    this.decoder.feed(bytes);
  }

  next(): Inquiry | undefined {
    const request = this.decoder.next();
    if (request === undefined) return undefined;
    let writer: ResponseWriter | undefined;
    return {
      request: request.kind,
      begins: request.kind === 'incremental' ? { after: request.lastTransactionId } : {},
      ends: true,
      answer: (sender) => {
        writer = new ResponseWriter((frame) => sender.send(frame));
        return writeAnswer(request, writer, this.options);
      },
      fail: async (error) => {
        await writer!.fail(writeFailure(error));
        return 'stays-open';
      },
    };
  }

  refuse(error: unknown): Promise<Uint8Array> {
    return encodeRefusal(error);
  }
}
