import { connect, type Socket } from 'node:net';
import { decode, encode, Structure, type Value } from './packstream.ts';

/** Error reply of the server: its code and text. */
export class CypherError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
    this.name = 'CypherError';
  }
}

/**
 * Sporadic faults of the real servers under concurrent work that have nothing to do with the data: 3.5.0-beta03 fails when another
 * transaction deletes what it has just matched, and a ring buffer in the servers overruns. The transaction is rolled back, and the same
 * statement succeeds afterwards.
 */
export function isServerTrouble(error: unknown): boolean {
  return (
    error instanceof CypherError &&
    error.code === 'Neo.DatabaseError.General.UnknownError' &&
    / \d+ with changes should exist|Index -\d+ out of bounds for length|: null$|Failed to read after \d+ retries/.test(
      error.message,
    )
  );
}

/** The server went away, or was never there. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost';
}

/** The server will never answer again, by a fault of its own (see `isLockedUp`). The test is repeated (vitest.config.ts). */
export class ServerLockedUp extends ConnectionLost {
  override name = 'ServerLockedUp';
}

/** Who knows more of the server at the other end than its port. */
export interface ServerWatch {
  /** Called when nothing has come for a while though something is due; again and again. */
  onSilence(): void;
  /** Why connections end, if that is known. */
  readonly fault?: ConnectionLost | undefined;
}

/** How long a server may think, in milliseconds, before somebody takes a look. */
const SILENCE_MS = 30_000;

export interface Statement {
  readonly statement: string;
  readonly params?: Readonly<Record<string, Value>>;
}

export interface Result {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

const requests = { init: 0x01, reset: 0x0f, run: 0x10, pullAll: 0x3f } as const;
const responses = { success: 0x70, record: 0x71, ignored: 0x7e, failure: 0x7f } as const;

interface Answer {
  readonly tag: number;
  readonly meta: Readonly<Record<string, Value>>;
  readonly rows: readonly (readonly Value[])[];
}

interface Waiting {
  rows: (readonly Value[])[];
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * One Bolt connection (protocol version 2, shared by 3.4 and 3.5; no authentication). Bolt rather than HTTP because it carries every
 * property type exactly, in both directions. One caller at a time.
 */
export class BoltConnection {
  private readonly waiting: Waiting[] = [];
  private unread: Buffer = Buffer.alloc(0);
  private chunks: Buffer[] = [];
  private closed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly watch: ServerWatch | undefined,
  ) {
    socket.on('data', (data: Buffer) => this.receive(data));
    const lost = () => this.lose(new ConnectionLost('the server closed the connection'));
    socket.setTimeout(SILENCE_MS, () => {
      socket.setTimeout(SILENCE_MS);
      if (this.waiting.length > 0) watch?.onSilence();
    });
    socket.on('close', lost);
    socket.on('error', (error) => this.lose(new ConnectionLost(error.message)));
  }

  static async open(port: number, watch?: ServerWatch): Promise<BoltConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await shakeHands(socket);
    const connection = new BoltConnection(socket, watch);
    await connection.request(requests.init, ['graphkeep-interop', { scheme: 'none' }]);
    return connection;
  }

  /** Runs one statement in its own transaction. */
  async run(statement: string, params: Readonly<Record<string, Value>> = {}): Promise<Result> {
    const [result] = await this.pipeline([{ statement, params }]);
    return result!;
  }

  /** Runs the statements in one transaction, sent in one go; all of them happen or none. */
  async transaction(statements: readonly Statement[]): Promise<Result[]> {
    const results = await this.pipeline([{ statement: 'BEGIN' }, ...statements, { statement: 'COMMIT' }]);
    return results.slice(1, -1);
  }

  close(): void {
    this.closed = true;
    this.socket.destroy();
  }

  private async pipeline(statements: readonly Statement[]): Promise<Result[]> {
    const answers = statements.flatMap(({ statement, params }) => [
      this.send(requests.run, [statement, params ?? {}]),
      this.send(requests.pullAll, []),
    ]);
    const settled = await Promise.all(answers);
    const failed = settled.find((answer) => answer.tag !== responses.success);
    if (failed !== undefined) {
      await this.request(requests.reset, []);
      throw new CypherError(String(failed.meta.code), String(failed.meta.message));
    }
    return statements.map((_, i) => ({
      fields: (settled[2 * i]!.meta.fields ?? []) as string[],
      rows: settled[2 * i + 1]!.rows,
    }));
  }

  private async request(tag: number, fields: readonly Value[]): Promise<void> {
    const answer = await this.send(tag, fields);
    if (answer.tag === responses.failure) throw new CypherError(String(answer.meta.code), String(answer.meta.message));
  }

  private send(tag: number, fields: readonly Value[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new ConnectionLost('the connection is closed'));
      this.waiting.push({ rows: [], resolve, reject });
      this.socket.write(frame(encode(new Structure(tag, fields))));
    });
  }

  private receive(data: Buffer): void {
    this.unread = this.unread.length === 0 ? data : Buffer.concat([this.unread, data]);
    let offset = 0;
    while (this.unread.length - offset >= 2) {
      const size = this.unread.readUInt16BE(offset);
      if (this.unread.length - offset - 2 < size) break;
      if (size > 0) this.chunks.push(this.unread.subarray(offset + 2, offset + 2 + size));
      else if (this.chunks.length > 0) {
        const message = Buffer.concat(this.chunks);
        this.chunks = [];
        this.accept(decode(message) as Structure);
      }
      offset += 2 + size;
    }
    this.unread = this.unread.subarray(offset);
  }

  private accept(message: Structure): void {
    const current = this.waiting[0];
    if (current === undefined) return;
    if (message.tag === responses.record) {
      current.rows.push(message.fields[0] as readonly Value[]);
      return;
    }
    this.waiting.shift();
    const meta = (message.fields[0] ?? {}) as Record<string, Value>;
    current.resolve({ tag: message.tag, meta, rows: current.rows });
  }

  private lose(error: ConnectionLost): void {
    this.closed = true;
    for (const waiting of this.waiting.splice(0)) waiting.reject(this.watch?.fault ?? error);
  }
}

function shakeHands(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new ConnectionLost(error.message));
    const end = () => reject(new ConnectionLost('closed during the handshake'));
    socket.once('error', fail);
    socket.once('close', end);
    socket.once('data', (answer: Buffer) => {
      socket.removeListener('error', fail);
      socket.removeListener('close', end);
      if (answer.length === 4 && answer.readUInt32BE() === 2) resolve();
      else reject(new Error(`the server does not speak Bolt 2: ${answer.toString('hex')}`));
    });
    socket.write(Buffer.from(`6060b017${'00000002'}${'00000000'.repeat(3)}`, 'hex'));
  });
}

/** Cuts a message into chunks of u16 size + bytes, ended by a zero size. */
function frame(message: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < message.length; offset += 0xffff) {
    const chunk = message.subarray(offset, offset + 0xffff);
    parts.push(Buffer.of(chunk.length >> 8, chunk.length & 0xff), chunk);
  }
  parts.push(Buffer.of(0, 0));
  return Buffer.concat(parts);
}
