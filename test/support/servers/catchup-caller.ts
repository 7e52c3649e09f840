import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../../src/config/ssl-policy/ssl-policy.ts';
import { type CatchupRequest, encodeRequest } from '../../../src/protocol/catchup/catchup-request.ts';
import type { CatchupOutcome } from '../../../src/protocol/catchup/catchup-response.ts';
import { ClientHandshake } from '../../../src/protocol/catchup/client-handshake.ts';
import { RequestCompressor } from '../../../src/protocol/catchup/modifiers.ts';
import { type CatchupHandler, ResponseDecoder } from '../../../src/protocol/catchup/response-decoder.ts';
import { type Channel, openChannel } from '../../../src/protocol/tls/channel.ts';

type AnsweredRequest = Exclude<CatchupRequest, { kind: 'coreSnapshot' }>;

/** What came for one request. */
export interface CatchupAnswer {
  /** In order of arrival. */
  files: Map<string, Buffer>;
  transactions: { id: number; bytes: Buffer }[];
  /** Undefined if the connection ended before. */
  outcome: CatchupOutcome | undefined;
}

export interface CallerOptions {
  policy?: SslPolicy;
  /** Compressions to offer. */
  compressions?: string[];
}

/** A client of the catchup protocol that sends exactly what a test wants, reads or not, and records what comes. */
export class CatchupCaller {
  readonly socket: Socket;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  /** Keep nothing of the files. */
  drop = false;
  private readonly channel: Channel;
  private stream: Duplex;
  private compressor = new RequestCompressor([]);
  private decoder: ResponseDecoder | undefined;
  private answer: CatchupAnswer = { files: new Map(), transactions: [], outcome: undefined };
  private wake: () => void = () => {};

  private constructor(socket: Socket, channel: Channel) {
    this.socket = socket;
    this.channel = channel;
    this.stream = channel.stream;
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        resolve();
        this.wake();
      });
    });
  }

  /** Connects and performs the handshake. */
  static async connect(address: { host: string; port: number }, options: CallerOptions = {}): Promise<CatchupCaller> {
    const socket = connect(address);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const { policy } = options;
    const channel = await openChannel(socket, { role: 'client', peer: 'listener', policy, timeoutMs: 10_000 });
    const caller = new CatchupCaller(socket, channel);
    await caller.greet(options.compressions ?? []);
    return caller;
  }

  /** Sends a request and waits for its whole answer, or for the end of the connection. */
  async ask(request: AnsweredRequest): Promise<CatchupAnswer> {
    this.send(request);
    return await this.answered();
  }

  send(request: AnsweredRequest): void {
    this.answer = { files: new Map(), transactions: [], outcome: undefined };
    this.decoder!.begin(request.kind);
    this.stream.write(this.compressor.encode(encodeRequest(request)));
  }

  /** The answer to the last request. */
  async answered(): Promise<CatchupAnswer> {
    while (this.answer.outcome === undefined && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.answer;
  }

  /** Stops reading: soon the system has no room for more. */
  stopReading(): void {
    this.stream.pause();
  }

  readOn(): void {
    this.stream.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  private async greet(compressions: string[]): Promise<void> {
    const handshake = new ClientHandshake('listener', compressions);
    const done = new Promise<void>((resolve, reject) => {
      this.stream.on('data', (bytes: Buffer) => {
        try {
          const step = handshake.feed(bytes);
          if (step.send !== undefined) this.stream.write(step.send);
          if (step.done === undefined) return;
          this.stream.removeAllListeners('data');
          this.compressor = new RequestCompressor(step.done.modifiers);
          this.switchOver(handshake.offset).then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      });
      // The error with which the TLS session ends, or its end.
      this.stream.on('error', reject);
      this.stream.on('close', () => reject(new Error('the connection ended in the handshake')));
    });
    this.stream.write(handshake.begin());
    await done;
  }

  private async switchOver(offset: number): Promise<void> {
    this.stream = await this.channel.switchOver();
    this.decoder = new ResponseDecoder(this.keep(), 'listener', { offset });
    this.stream.on('error', () => {});
    this.stream.on('data', (bytes: Buffer) => {
      this.decoder!.feed(bytes);
      this.decoder!.advance();
      if (this.decoder!.outcome === undefined) return;
      this.answer.outcome = this.decoder!.outcome;
      this.wake();
    });
  }

  private keep(): CatchupHandler {
    let name = '';
    let parts: Buffer[] = [];
    return {
      beginFile: (begun) => {
        name = begun;
        parts = [];
      },
      fileBytes: (chunk) => {
        if (!this.drop) parts.push(Buffer.from(chunk));
      },
      endFile: () => void this.answer.files.set(name, Buffer.concat(parts)),
      beginTransaction: () => {
        parts = [];
      },
      transactionBytes: (chunk) => void parts.push(Buffer.from(chunk)),
      endTransaction: (id) => void this.answer.transactions.push({ id, bytes: Buffer.concat(parts) }),
    };
  }
}
