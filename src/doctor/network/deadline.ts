import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { startTimer } from '../../base/timers.ts';

/**
 * Ends a question to a server after a time, however busily the server sends.
 * @throws GraphkeepError `peer.timeout` then
 */
export async function withinTime<T>(
  limitMs: number,
  peer: string,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const overtime = new AbortController();
  const timer = startTimer(() => overtime.abort(), limitMs);
  try {
    return await ask(AbortSignal.any([signal, overtime.signal]));
  } catch (error) {
    if (!overtime.signal.aborted || signal.aborted || !hasCode(error, 'cancelled')) throw error;
    throw new GraphkeepError('peer.timeout', 'the server has not answered in time', {
      place: { peer },
      observed: `no answer within ${limitMs} ms`,
      hint: 'Look at the load of the server and of the network, or raise --timeout.',
    });
  } finally {
    clearTimeout(timer);
  }
}
