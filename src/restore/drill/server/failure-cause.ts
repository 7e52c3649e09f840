import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A console is quoted up to this length. */
const QUOTED_CHARACTERS = 500;

/**
 * Why a server could not open a database, from the log in its home: the innermost cause of the first error that has one. Without it, the
 * end of what the server printed.
 */
export async function findCause(home: string, printed: string): Promise<string> {
  const entries = splitEntries(await readLog(join(home, 'logs', 'debug.log')));
  const causes = entries.flatMap((entry) => {
    const last = entry.split('\n').findLast((line) => line.startsWith(CAUSED_BY));
    return last === undefined ? [] : [last.slice(CAUSED_BY.length)];
  });
  return causes[0] ?? entries[0]?.split('\n')[0] ?? printed.trim().slice(-QUOTED_CHARACTERS);
}

const CAUSED_BY = 'Caused by: ';

async function readLog(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // The server ended before it had a log.
    return '';
  }
}

/** The errors. Later releases write one JSON object a line. */
function splitEntries(log: string): string[] {
  if (!log.startsWith('{'))
    return log.split(/^(?=\d{4}-\d\d-\d\d )/m).filter((entry) => / ERROR /.test(entry.slice(0, 100)));
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"level":"ERROR"') || !line.endsWith('}')) return [];
    const { message, stacktrace = '' } = JSON.parse(line) as { message: string; stacktrace?: string };
    return [`${message}\n${stacktrace}`];
  });
}
