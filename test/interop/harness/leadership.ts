import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionLost, CypherError } from './bolt.ts';

/** How long servers may be without a leader, or behind it, before that counts as a failure. */
const patienceMs = 120_000;

/** Whether an error only says that a server is gone, or does not accept writes (any more). */
export function isSwitch(error: unknown): boolean {
  return (
    error instanceof ConnectionLost ||
    (error instanceof CypherError &&
      (error.code.startsWith('Neo.TransientError.') || error.code.startsWith('Neo.ClientError.Cluster.')))
  );
}

/** The result; undefined while the server is gone or does not accept writes. */
export async function unlessSwitch<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isSwitch(error)) return undefined;
    throw error;
  }
}

/** Asks until there is an answer: servers notify nobody when their roles change. */
export async function poll<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`no ${what} within ${patienceMs} ms`);
    await pause(100);
  }
}
