import { GraphkeepError } from '../base/errors.ts';

/**
 * The phase of a client connection:
 *
 *     first       waits for the first request; its time limit starts with the connection
 *     greeting    answers what comes before a first request (the catchup handshake)
 *     waiting     waits for a further request, or the rest of one
 *     answering   answers a request; further input is kept
 *     lastAnswer  answers, and reads no more requests
 *     leaving     reads no more requests; output on its way to the client may still arrive
 *     abandoned   the connection has ended; its last answer has not noticed yet
 *     gone        everything is released
 */
export type ConnectionPhase =
  | 'first'
  | 'greeting'
  | 'waiting'
  | 'answering'
  | 'lastAnswer'
  | 'leaving'
  | 'abandoned'
  | 'gone';

/**
 * What happens to a connection: a greeting or a request arrived; the answer has ended, successfully or not; no more requests are to be
 * read, for any reason; the socket is closed.
 */
export type ConnectionStep = 'greet' | 'ask' | 'answered' | 'end' | 'closed';

const phases: Record<ConnectionPhase, Partial<Record<ConnectionStep, ConnectionPhase>>> = {
  first: { greet: 'greeting', ask: 'answering', end: 'leaving', closed: 'gone' },
  greeting: { answered: 'first', end: 'lastAnswer', closed: 'abandoned' },
  waiting: { ask: 'answering', end: 'leaving', closed: 'gone' },
  answering: { answered: 'waiting', end: 'lastAnswer', closed: 'abandoned' },
  lastAnswer: { answered: 'leaving', end: 'lastAnswer', closed: 'abandoned' },
  leaving: { end: 'leaving', closed: 'gone' },
  abandoned: { answered: 'gone', end: 'abandoned' },
  gone: { end: 'gone' },
};

/** The phase after a step. Throws `internal` for a step that is impossible in this phase. */
export function nextPhase(phase: ConnectionPhase, step: ConnectionStep): ConnectionPhase {
  const next = phases[phase][step];
  if (next !== undefined) return next;
  throw new GraphkeepError('internal', 'a connection took an impossible step', { observed: `${step} while ${phase}` });
}

/** True if an answer is under way. */
export function isAnswering(phase: ConnectionPhase): boolean {
  return phases[phase].answered !== undefined;
}

/** True if requests are still read, now or after the answer. */
export function isOpen(phase: ConnectionPhase): boolean {
  return phases[phase].end !== phase;
}
