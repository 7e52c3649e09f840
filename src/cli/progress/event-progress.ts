import type { CheckProgress } from '../../check/check-events.ts';
import type { ReplayPhase, ReplayProgress } from '../../replay/events/replay-events.ts';
import type { Progress } from './progress.ts';

/** The description of each replay phase. Some phases look like one to the user. */
const replayPhases: Readonly<Record<ReplayPhase, string>> = {
  collect: 'reading the log',
  records: 'writing records',
  'label-scan': 'updating the label scan store',
  indexes: 'updating indexes',
  counts: 'updating counts',
};

export function progressOfReplay({ phase, unit, done, total }: ReplayProgress): Progress {
  const named = { phase: replayPhases[phase] };
  switch (unit) {
    case 'bytes':
      return { ...named, bytes: done, totalBytes: total };
    case 'files':
      return { ...named, files: done, totalFiles: total };
    case 'indexes':
      return { ...named, indexes: done, totalIndexes: total };
    default:
      return unit satisfies never;
  }
}

export function progressOfCheck({ phase, doneBytes, totalBytes }: CheckProgress): Progress {
  return { phase: 'checking', part: phase, bytes: doneBytes, totalBytes };
}
