import type { Conversation, Inquiry } from './conversation/conversation.ts';
import { recogniseProtocol } from './first-bytes.ts';

/** Maximum input while an answer is under way. Real clients send nothing. */
const MAX_AHEAD_BYTES = 64 * 1024;

export interface IncomingOptions {
  converse: (protocol: 'catchup' | 'common') => Conversation;
  /** Nothing more is read until {@link IncomingRequests.next}. */
  onInquiry: (inquiry: Inquiry) => void;
  /** A request was begun but is not complete. */
  onBegun: () => void;
  /** The client sent something that is not a request: nothing more can be read. */
  onNonsense: (error: unknown) => void;
  /** The client sends too much while its answer is under way. */
  onFlood: () => void;
}

/**
 * Turns a client's input into one inquiry after the other: detects which protocol the client speaks, and buffers input that arrives early.
 */
export class IncomingRequests {
  conversation: Conversation | undefined;
  private readonly options: IncomingOptions;
  /** Collected until the protocol is known. */
  private firstBytes: Buffer = Buffer.alloc(0);
  private ahead: Buffer[] = [];
  private aheadBytes = 0;
  /** An inquiry is being answered, or bytes are being decompressed. */
  private isBusy = false;
  private isStopped = false;

  constructor(options: IncomingOptions) {
    this.options = options;
  }

  take(bytes: Buffer): void {
    if (this.isStopped) return;
    this.ahead.push(bytes);
    this.aheadBytes += bytes.length;
    if (!this.isBusy) this.readAhead();
    else if (this.aheadBytes > MAX_AHEAD_BYTES) this.options.onFlood();
  }

  /** The answer has ended: continues with the buffered input. */
  next(): void {
    this.isBusy = false;
    this.read();
    this.readAhead();
  }

  /** Drops all input, buffered and future; no more callbacks. */
  stop(): void {
    this.isStopped = true;
    this.ahead = [];
  }

  private readAhead(): void {
    while (!this.isBusy && !this.isStopped && this.ahead.length > 0) {
      const bytes = this.ahead.shift()!;
      this.aheadBytes -= bytes.length;
      if (this.conversation?.unpack === undefined) this.read(bytes);
      else void this.readPacked(this.conversation.unpack(bytes));
    }
  }

  private async readPacked(unpacked: Promise<Buffer>): Promise<void> {
    this.isBusy = true;
    try {
      const bytes = await unpacked;
      if (this.isStopped) return;
      this.isBusy = false;
      this.read(bytes);
    } catch (error) {
      this.refuse(error);
    }
    this.readAhead();
  }

  /** Reads the next request from new or buffered bytes. */
  private read(bytes?: Buffer): void {
    const unread = this.conversation === undefined && bytes !== undefined ? this.recognise(bytes) : bytes;
    const { conversation } = this;
    if (conversation === undefined) return;
    const wasBetween = conversation.atMessageBoundary;
    let inquiry: Inquiry | undefined;
    try {
      if (unread !== undefined) conversation.feed(unread);
      inquiry = conversation.next();
    } catch (error) {
      this.refuse(error);
      return;
    }
    if (inquiry !== undefined) {
      this.isBusy = true;
      this.options.onInquiry(inquiry);
    } else if (wasBetween && !conversation.atMessageBoundary) this.options.onBegun();
  }

  /** Once the protocol is known, returns all bytes from the first on. */
  private recognise(bytes: Buffer): Buffer | undefined {
    this.firstBytes = Buffer.concat([this.firstBytes, bytes]);
    const protocol = recogniseProtocol(this.firstBytes);
    if (protocol === undefined) return undefined;
    this.conversation = this.options.converse(protocol);
    return this.firstBytes;
  }

  private refuse(error: unknown): void {
    if (this.isStopped) return;
    this.stop();
    this.options.onNonsense(error);
  }
}
