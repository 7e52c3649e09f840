import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModernResult } from './cypher-over-http.ts';

/** Whether the server serves a database, and why not. */
export interface DatabaseState {
  /** In the server's words: `online`, `offline`, `starting`; `absent` if it does not know the database. */
  readonly status: string;
  /** What the server says of it; empty if nothing. */
  readonly message: string;
  /** What its log says, if it could not be started: the last error and its causes. */
  readonly cause: string | undefined;
}

/** The database of a server that runs could not be started. */
export class DatabaseOffline extends Error {
  constructor(
    database: string,
    readonly state: DatabaseState,
  ) {
    super(`database ${database} is ${state.status}: ${state.message}\n${state.cause ?? ''}`);
    this.name = 'DatabaseOffline';
  }
}

/** What the answer to SHOW DATABASES says of one; the columns differ between releases. */
export function readState(databases: ModernResult, name: string): Omit<DatabaseState, 'cause'> {
  const row = databases.rows.find((candidate) => candidate[databases.fields.indexOf('name')] === name);
  const column = (field: string) => String(row?.[databases.fields.indexOf(field)] ?? '');
  if (row === undefined) return { status: 'absent', message: '' };
  return { status: column('currentStatus'), message: column('statusMessage') || column('error') };
}

/** The last error in the log of a server that has causes: its first line, and a line for each of them. */
export async function readCause(logDirectory: string): Promise<string | undefined> {
  const file = path.join(logDirectory, 'debug.log');
  if (!existsSync(file)) return undefined;
  const entries = splitEntries(await readFile(file, 'utf8'));
  const lines =
    entries
      .filter((entry) => entry.includes('Caused by: '))
      .at(-1)
      ?.split('\n') ?? [];
  const telling = lines.filter((line, i) => i === 0 || /^(Caused by: |\S*(Exception|Error): )/.test(line));
  return telling.length === 0 ? undefined : telling.join('\n');
}

/** Errors and warnings. Later releases write JSON by default. */
function splitEntries(log: string): string[] {
  if (!log.startsWith('{')) return log.split(/^(?=\d{4}-\d\d-\d\d )/m).filter((entry) => / (ERROR|WARN) /.test(entry));
  const entries = log.split('\n').filter((line) => /"level":"(ERROR|WARN)"/.test(line) && line.endsWith('}'));
  return entries.map((line) => {
    const { message, stacktrace = '' } = JSON.parse(line) as { message: string; stacktrace?: string };
    return `${message}\n${stacktrace}`;
  });
}
