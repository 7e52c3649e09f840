import { GraphkeepError } from '../base/errors.ts';

/**
 * Where a connection to a client stands:
 *
 *     first       waits for the first request; its time runs from the connection on
 *     greeting    answers what comes before a first request (the handshake of catchup)
 *     waiting     waits for a further request, or the rest of one
 *     answering   answers a request; what comes meanwhile is kept
 *     lastAnswer  answers, and reads no more requests
 *     leaving     reads no more requests; what is on its way to the client may still arrive
 *     abandoned   the connection is gone; its last answer has not noticed yet
 *     gone        nothing is left of it
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
 * What happens to a connection: a greeting or a request came; the answer has ended, well or not; no more requests are to be read, whoever
 * wants it so; the socket is closed.
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

/** Is an answer under way? */
export function isAnswering(phase: ConnectionPhase): boolean {
  return phases[phase].answered !== undefined;
}

/** Are requests still read, now or after the answer? */
export function isOpen(phase: ConnectionPhase): boolean {
  return phases[phase].end !== phase;
}
