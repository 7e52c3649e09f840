import type { FrameSender } from './frame-sender.ts';
import type { RequestKind } from './listener-events.ts';

/** What a client asks for, ready to be answered. */
export interface Inquiry {
  /** How it is told of if it fails. */
  readonly request: RequestKind;
  /** A backup begins with this inquiry; with the common protocol it ends with it too. `after`: the last transaction of the client. */
  readonly begins?: { after?: number };
  /** The backup that is under way ends with the answer. */
  readonly ends?: boolean;
  /** It only prepares for requests, and is told of only if it fails; its time is that of the first request. */
  readonly isGreeting?: boolean;
  /** Writes the answer. Rejected with what went wrong: then {@link fail} is next. */
  answer(sender: FrameSender): Promise<void>;
  /** Tells the client that there is no answer, behind what was written; rejected if that cannot be told. */
  fail(error: unknown): Promise<'stays-open' | 'closes'>;
}

/** One protocol, spoken with one client: makes inquiries of bytes. */
export interface Conversation {
  /** True when the client may close without having broken a request off. */
  readonly atMessageBoundary: boolean;
  /** What the bytes of the connection are compressed from, once that is agreed on; to be used on all that were not fed before. */
  readonly unpack?: ((bytes: Buffer) => Promise<Buffer>) | undefined;
  /** Allowed when {@link next} has returned undefined. Throws for what is no request. */
  feed(bytes: Buffer): void;
  /** The next inquiry, or undefined when more bytes are needed. Throws for what is no request. */
  next(): Inquiry | undefined;
  /** What to say to a client that sent no request, before the connection is closed; undefined = nothing. */
  refuse(error: unknown): Promise<Uint8Array | undefined>;
}
