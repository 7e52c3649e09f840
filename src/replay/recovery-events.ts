import type { ReplayEvent } from './events/replay-events.ts';
import type { Recovery } from './recovery.ts';

export type RecoveryEvent = Exclude<ReplayEvent, { kind: 'replay-progress' }>;

/** Events for what a recovery has done, and what it leaves to the server. */
export function* eventsOfRecovery({ transactions, records, derived, pendingFrom }: Recovery): Generator<RecoveryEvent> {
  yield { kind: 'log-applied', transactions, records };
  for (const { rule: _, ...left } of derived.leftToServer) yield { kind: 'index-left-to-server', ...left };
  for (const index of derived.withoutSettings) yield { kind: 'fulltext-settings-missing', index };
  if (pendingFrom !== undefined) {
    yield { kind: 'explicit-indexes-left-to-server', firstTransaction: pendingFrom };
  }
}
