import { printableLine } from '../../base/printable-text.ts';
import type { Recovery } from '../../replay/recovery.ts';
import { eventsOfRecovery } from '../../replay/recovery-events.ts';
import { describeAppliedLog, describeReplayNote } from '../wording/replay-text.ts';
import { noteOfEvent } from './event-data.ts';
import type { Reporter } from './reporter.ts';

/** Tells what a recovery has left to the server. */
export function tellRecovery(recovery: Recovery, reporter: Reporter): void {
  for (const event of eventsOfRecovery(recovery)) {
    if (event.kind === 'log-applied') reporter.debug(printableLine(describeAppliedLog(event)));
    else reporter.note(noteOfEvent(event, describeReplayNote(event)));
  }
}
