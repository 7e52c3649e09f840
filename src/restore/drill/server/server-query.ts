import { GraphkeepError } from '../../../base/errors.ts';

/** The answer to one statement. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** The server refuses a statement, in its own words. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** It may be answered later: the database is on its way, or busy. */
  get isPassing(): boolean {
    return /^Neo\.TransientError\.|DatabaseNotFound|DatabaseUnavailable/.test(this.code);
  }
}

interface Answer {
  readonly results: readonly { readonly columns: readonly string[]; readonly data: readonly { row: unknown[] }[] }[];
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}

/**
 * Runs a statement on a server of this machine, by its HTTP API.
 * @returns undefined if it cannot be reached
 * @throws StatementRefused, GraphkeepError `server.failed` for an answer that is none
 */
export async function query(
  port: number,
  database: string,
  statement: string,
  signal: AbortSignal,
): Promise<QueryResult | undefined> {
  const text = await send(port, database, JSON.stringify({ statements: [{ statement }] }), signal);
  if (text === undefined) return undefined;
  const { results, errors } = parse(text);
  const [error] = errors;
  if (error !== undefined) throw new StatementRefused(error.code, error.message);
  const [result] = results;
  return { columns: result?.columns ?? [], rows: (result?.data ?? []).map(({ row }) => row) };
}

async function send(port: number, database: string, body: string, signal: AbortSignal): Promise<string | undefined> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  try {
    const url = `http://127.0.0.1:${port}/db/${database}/tx/commit`;
    return await (await fetch(url, { method: 'POST', headers, body, signal })).text();
  } catch {
    // It does not listen yet, or no more: whether it still runs is seen elsewhere.
    return undefined;
  }
}

function parse(text: string): Answer {
  try {
    const answer = JSON.parse(text) as Partial<Answer>;
    return { results: answer.results ?? [], errors: answer.errors ?? [] };
  } catch (cause) {
    throw new GraphkeepError('server.failed', 'the server gave an answer that is not JSON', {
      observed: text.slice(0, 200),
      cause,
    });
  }
}
