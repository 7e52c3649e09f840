import { Agent, request } from 'node:http';
import { ConnectionLost, CypherError } from '../bolt.ts';
import { decodeJolt, type ModernValue, markNumbers } from './jolt.ts';

/** What JSON can say: other values are made of these by functions of Cypher. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ModernStatement {
  readonly statement: string;
  readonly parameters?: Readonly<Record<string, JsonValue>>;
}

export interface ModernResult {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly ModernValue[])[];
}

const TYPED = 'application/vnd.neo4j.jolt;strict=true';

/** Cypher over the server's HTTP API, on connections that stay open. Any number of transactions may be under way. */
export class CypherOverHttp {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly port: number) {}

  /** Runs the statements in one transaction. Rejects with the server's error; then nothing was committed. */
  async transaction(statements: readonly ModernStatement[], database = 'neo4j'): Promise<ModernResult[]> {
    const answer = await this.send('POST', `/db/${database}/tx/commit`, JSON.stringify({ statements }));
    if (answer === '') throw new ConnectionLost('empty answer');
    return readAnswer(answer);
  }

  /** Resolves if the server answers anything at all. */
  async knock(): Promise<void> {
    await this.send('GET', '/');
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, body = ''): Promise<string> {
    const { agent, port } = this;
    const headers = { accept: TYPED, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const lost = (error: Error) => reject(new ConnectionLost(error.message, { cause: error }));
      const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', lost);
        response.once('end', () => resolve(Buffer.concat(chunks).toString()));
      });
      sent.once('error', lost);
      sent.end(body);
    });
  }
}

/** Its texts are typed values too, but for errors that come before any result. */
interface ErrorLine {
  readonly code: unknown;
  readonly message: unknown;
}

interface Line {
  readonly header?: { readonly fields: readonly string[] };
  readonly data?: readonly unknown[];
  readonly error?: { readonly errors: readonly ErrorLine[] };
  readonly errors?: readonly ErrorLine[];
  readonly info?: unknown;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : String(decodeJolt(value)));

/** One line for each header, row, summary and error. */
function readAnswer(answer: string): ModernResult[] {
  const results: { fields: readonly string[]; rows: ModernValue[][] }[] = [];
  let complete = false;
  for (const text of answer.split('\n')) {
    if (text.trim() === '') continue;
    const line = JSON.parse(markNumbers(text)) as Line;
    const [error] = line.error?.errors ?? line.errors ?? [];
    if (error !== undefined) throw new CypherError(textOf(error.code), textOf(error.message));
    if (line.header !== undefined) results.push({ fields: line.header.fields, rows: [] });
    if (line.data !== undefined) results.at(-1)!.rows.push(line.data.map(decodeJolt));
    if (line.info !== undefined) complete = true;
  }
  if (!complete) throw new ConnectionLost(`the answer ends early: ${answer.slice(0, 200)}`);
  return results;
}
