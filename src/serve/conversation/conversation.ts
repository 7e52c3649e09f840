import type { FrameSender } from './frame-sender.ts';
import type { RequestKind } from './listener-events.ts';

/** A request from a client, ready to be answered. */
export interface Inquiry {
  /** How a failure is reported. */
  readonly request: RequestKind;
  /**
   * Set if a backup begins with this inquiry; with the common protocol it also ends with it. `after`: the last transaction of the client.
   */
  readonly begins?: { after?: number };
  /** The current backup ends with the answer. */
  readonly ends?: boolean;
  /** Only prepares for requests, and is reported only if it fails; the time limit of the first request applies. */
  readonly isGreeting?: boolean;
  /** Writes the answer. If it rejects, call {@link fail} next. */
  answer(sender: FrameSender): Promise<void>;
  /** Tells the client, after what was already written, that there is no answer; rejects if that cannot be sent. */
  fail(error: unknown): Promise<'stays-open' | 'closes'>;
}

/** One protocol, spoken with one client: turns bytes into inquiries. */
export interface Conversation {
  /** True if the client can close here without breaking off a request. */
  readonly atMessageBoundary: boolean;
  /** Decompresses incoming bytes once compression has been negotiated. Pass it every byte that has not been fed yet. */
  readonly unpack?: ((bytes: Buffer) => Promise<Buffer>) | undefined;
  /** Allowed once {@link next} has returned undefined. Throws for anything that is not a request. */
  feed(bytes: Buffer): void;
  /** The next inquiry; undefined if more bytes are needed. Throws for anything that is not a request. */
  next(): Inquiry | undefined;
  /** What to send to a client whose input was not a request, before the connection is closed; undefined = nothing. */
  refuse(error: unknown): Promise<Uint8Array | undefined>;
}
