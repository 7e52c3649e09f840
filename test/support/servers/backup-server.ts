import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { writeJavaException } from '../../../src/protocol/backup-protocol/java-exception-writer.ts';
import { type CommonRequest, RequestDecoder } from '../../../src/protocol/backup-protocol/request.ts';
import { ResponseWriter } from '../../../src/protocol/backup-protocol/response-writer.ts';
import { listServedFiles, readServedFile } from '../../../src/serve/database/served-files.ts';
import { formatByVersion } from '../../../src/store/files/store-format.ts';
import { readCapture } from '../corpus/common-captures.ts';
import type { ServedHistory } from '../history/served-history.ts';

/** What goes wrong with one answer. */
export interface Fault {
  /** The connection ends after this many bytes. */
  cutAfter?: number;
  /** Default: the server closes properly. */
  reset?: boolean;
  /** Nothing more comes after this many bytes, but the connection stays. */
  stallAfter?: number;
  /** Other bytes instead of the answer. */
  replace?: (answer: Buffer) => Buffer;
  /** Called when this many bytes of the answer are on their way, before the rest is sent. */
  at?: { bytes: number; call: () => Promise<void> | void };
}

const PIECE_BYTES = 32 * 1024;

/**
 * A server of the common backup protocol that answers like a real one (spec common-protocol 9, 10, 14): full copies of the files with the
 * transactions after the check point, or the transactions after the one named by the client. Every answer can be spoiled.
 */
export class BackupServer {
  history: ServedHistory;
  /** The last committed transaction. */
  newest: number;
  /** The logs begin after this transaction. */
  prunedTo = 1;
  /** Called for each request. */
  fault: (request: CommonRequest) => Fault | undefined = () => undefined;
  readonly requests: CommonRequest[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  private constructor(history: ServedHistory, newest: number) {
    this.history = history;
    this.newest = newest;
    this.server = createServer((socket) => this.serve(socket));
  }

  /** `newest`: the last committed transaction at first; default: only what the check point includes. */
  static async start(history: ServedHistory, newest = history.checkPoint): Promise<BackupServer> {
    const started = new BackupServer(history, newest);
    await new Promise<void>((resolve, reject) => {
      started.server.once('error', reject);
      started.server.listen(0, '127.0.0.1', resolve);
    });
    started.port = started.address.port;
    return started;
  }

  /** Available even after {@link stop}, for clients that try in vain. */
  get address(): { host: string; port: number } {
    const address = this.server.address();
    if (address !== null && typeof address !== 'string') this.port = address.port;
    return { host: '127.0.0.1', port: this.port };
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The whole answer to a request in the current state. */
  async answer(request: CommonRequest): Promise<Buffer> {
    const frames: Buffer[] = [];
    const writer = new ResponseWriter((frame) => {
      frames.push(Buffer.from(frame));
      return undefined;
    });
    const after = request.kind === 'full' ? this.history.checkPoint : request.lastTransactionId;
    if (request.kind === 'incremental' && after < this.newest && after < this.prunedTo) {
      await writer.fail(writeJavaException('noSuchTransaction', `transaction ${after + 1} is in no log`));
      return Buffer.concat(frames);
    }
    if (request.kind === 'full') await this.writeFiles(writer);
    await writer.storeId(this.history.storeId);
    for (const { id, bytes } of this.history.transactions) {
      if (after >= 1 && id > after && id <= this.newest) await writer.transactions(bytes);
    }
    await writer.finish();
    return Buffer.concat(frames);
  }

  private async writeFiles(writer: ResponseWriter): Promise<void> {
    const { folder, storeId } = this.history;
    const { signal } = new AbortController();
    const files = existsSync(folder)
      ? listServedFiles(folder, formatByVersion(storeId.storeVersion), { logs: false })
      : [];
    for (const file of files) {
      const { name, alignment } = file;
      await writer.beginFile({ name, alignment, empty: file.sizeBytes === 0 });
      for await (const piece of readServedFile(file, signal)) await writer.fileBytes(piece);
      await writer.endFile();
    }
    await writer.endFiles();
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    const decoder = new RequestDecoder('client');
    socket.on('data', (bytes) => {
      const request = this.read(decoder, bytes, socket);
      if (request === undefined) return;
      this.requests.push(request);
      void this.play(socket, request).catch(() => socket.destroy());
    });
  }

  /** A real server answers the greeting of the catchup protocol by saying that it does not know this version, and stays connected. */
  private read(decoder: RequestDecoder, bytes: Buffer, socket: Socket): CommonRequest | undefined {
    try {
      decoder.feed(bytes);
      return decoder.next();
    } catch {
      // Anything that the decoder rejects is not a request of this protocol.
      socket.write(readCapture('catchup-hello.s2c.bin'));
      return undefined;
    }
  }

  private async play(socket: Socket, request: CommonRequest): Promise<void> {
    const fault = this.fault(request) ?? {};
    const answer = await this.answer(request);
    const bytes = fault.replace?.(answer) ?? answer;
    const end = Math.min(bytes.length, fault.cutAfter ?? bytes.length, fault.stallAfter ?? bytes.length);
    const stop = Math.min(fault.at?.bytes ?? end, end);
    await sendAll(socket, bytes.subarray(0, stop));
    await fault.at?.call();
    await sendAll(socket, bytes.subarray(stop, end));
    if (fault.cutAfter === undefined) return;
    if (fault.reset === true) socket.resetAndDestroy();
    else socket.end();
  }
}

async function sendAll(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    await new Promise<void>((resolve, reject) => socket.write(piece, (error) => (error ? reject(error) : resolve())));
  }
}
