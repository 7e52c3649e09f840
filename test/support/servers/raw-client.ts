import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ChunkDecoder, ChunkEvent } from '../../../src/protocol/backup-protocol/chunk-decoder.ts';
import { readJavaException } from '../../../src/protocol/backup-protocol/java-exception-reader.ts';

/** One decoded message of a server. */
export interface Message {
  failure: boolean;
  body: Buffer;
}

/** A connection on which a test sends what it wants, reads or not, and sees what comes. */
export class RawClient {
  readonly socket: Socket;
  /** How the connection ended: `end`, or the error code. */
  readonly ended: Promise<string>;
  receivedBytes = 0;
  private readonly decoder = new ChunkDecoder('server');
  private readonly complete: Message[] = [];
  private parts: Buffer[] = [];
  private waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      let code = 'end';
      socket.on('error', (error: NodeJS.ErrnoException) => {
        code = error.code ?? error.message;
      });
      socket.on('close', () => {
        resolve(code);
        this.wake();
      });
    });
    socket.on('data', (bytes) => this.receive(bytes));
  }

  /** `keepOpen`: do not close when the server does. */
  static async connect(
    address: { host: string; port: number; localAddress?: string },
    keepOpen = false,
  ): Promise<RawClient> {
    const socket = connect({ ...address, allowHalfOpen: keepOpen });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Stops reading: soon the system has no room for more. */
  stopReading(): void {
    this.socket.pause();
  }

  /** The first `count` messages once they are complete; fewer if the connection ends before. */
  async messages(count: number): Promise<Message[]> {
    while (this.complete.length < count && !this.socket.destroyed) await this.more();
    return this.complete.slice(0, count);
  }

  /** Resolves when this many bytes have come, or the connection has ended. */
  async bytes(count: number): Promise<void> {
    while (this.receivedBytes < count && !this.socket.destroyed) await this.more();
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(bytes: Buffer): void {
    const { decoder } = this;
    this.receivedBytes += bytes.length;
    decoder.feed(bytes);
    for (let event = decoder.next(); event !== ChunkEvent.starved; event = decoder.next()) {
      if (event === ChunkEvent.messageEnd) {
        this.complete.push({ failure: decoder.isFailure, body: Buffer.concat(this.parts) });
        this.parts = [];
        continue;
      }
      const end = decoder.bodyEnd;
      this.parts.push(decoder.buffer.subarray(decoder.position, end));
      decoder.skip(end - decoder.position);
    }
    this.wake();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}

/** Class and text of a failure. */
export function readFailure({ failure, body }: Message): { className: string; message: string } | undefined {
  const exception = failure ? readJavaException(body) : undefined;
  return exception && { className: exception.className, message: exception.message ?? '' };
}
