import type { ReplayPhase, ReplayProgress } from './replay-events.ts';

/** Runs a phase that brings one file up to date, and reports its start and end. */
export async function runFileStep<T>(
  phase: ReplayPhase,
  onEvent: ((event: ReplayProgress) => void) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  onEvent?.({ kind: 'replay-progress', phase, unit: 'files', done: 0, total: 1 });
  const result = await work();
  onEvent?.({ kind: 'replay-progress', phase, unit: 'files', done: 1, total: 1 });
  return result;
}
