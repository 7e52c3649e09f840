import type { ReplayPhase } from '../../replay/events/replay-events.ts';

/** What is being done in a phase of a replay; some phases are one to the user. */
export const replayPhases: Readonly<Record<ReplayPhase, string>> = {
  collect: 'reading the log',
  records: 'writing records',
  'label-scan': 'updating labels, indexes and counts',
  indexes: 'updating labels, indexes and counts',
  counts: 'updating labels, indexes and counts',
};
