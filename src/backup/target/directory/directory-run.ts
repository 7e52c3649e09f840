import type { ReplayEvent } from '../../../replay/events/replay-events.ts';
import type { TargetEvent } from '../target-events.ts';
import type { TargetDirectory } from './target-directory.ts';

export interface DirectoryTargetOptions {
  /** Memory for the replay of transactions. */
  budgetBytes: number;
  onEvent: (event: TargetEvent | ReplayEvent) => void;
}

/** What both kinds of backup need from their target. */
export interface DirectoryRun extends DirectoryTargetOptions {
  directory: TargetDirectory;
}
