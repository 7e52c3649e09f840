import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the server does after sending everything. */
export type Ending = 'close' | 'reset' | 'stay';

export interface Script {
  /** Sent one after the other, each as a separate write. */
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Default: stay connected, like a real server. */
  ending?: Ending;
  /** Bytes of the request to wait for before anything is sent; default 1. */
  requestBytes?: number;
  /** Pause before each piece. */
  delayMs?: number;
}

/** A server that plays a script to every client, for tests of clients. */
export class ScriptedServer {
  /** What each client has sent. */
  readonly requests: Buffer[] = [];
  /** The open connections. */
  readonly sockets = new Set<Socket>();
  script: Script;
  private readonly server: Server;

  private constructor(script: Script) {
    this.script = script;
    this.server = createServer((socket) => this.serve(socket));
  }

  static async start(script: Script, host = '127.0.0.1'): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script);
    await new Promise<void>((resolve, reject) => {
      scripted.server.once('error', reject);
      scripted.server.listen(0, host, resolve);
    });
    return scripted;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Resolves when every client has gone. */
  async allGone(limitMs = 2000): Promise<void> {
    for (const until = Date.now() + limitMs; this.sockets.size > 0; await sleep(2)) {
      if (Date.now() > until) throw new Error('a client is still connected');
    }
  }

  private serve(socket: Socket): void {
    const index = this.requests.push(Buffer.alloc(0)) - 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    const { requestBytes = 1 } = this.script;
    let isStarted = false;
    const startOnce = () => {
      if (isStarted || this.requests[index]!.length < requestBytes) return;
      isStarted = true;
      void this.play(socket, this.script).catch(() => {});
    };
    socket.on('data', (bytes) => {
      this.requests[index] = Buffer.concat([this.requests[index]!, bytes]);
      startOnce();
    });
    startOnce();
  }

  private async play(socket: Socket, { pieces, ending = 'stay', delayMs }: Script): Promise<void> {
    socket.setNoDelay(true);
    for await (const piece of pieces) {
      if (delayMs !== undefined) await sleep(delayMs);
      if (socket.destroyed) return;
      await new Promise<void>((resolve, reject) => socket.write(piece, (error) => (error ? reject(error) : resolve())));
    }
    if (ending === 'close') socket.end();
    if (ending === 'reset') socket.resetAndDestroy();
  }
}
