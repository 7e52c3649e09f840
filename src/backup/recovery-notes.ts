import type { Recovery } from '../replay/recover.ts';
import type { BackupEvents } from './backup-options.ts';

/** Tells the user what of a replay is left to the server. */
export function noteRecovery(recovery: Recovery, events: Pick<BackupEvents, 'note' | 'debug'>): void {
  events.debug(`Applied ${recovery.transactions} transactions, ${recovery.records} records`);
  for (const { index, reason } of recovery.derived.leftToServer) {
    events.note(`Index ${index} will be populated by the server at its first start: ${reason}`);
  }
  for (const index of recovery.derived.withoutSettings) {
    events.note(
      `The server does not send the settings of fulltext index ${index}: if they are not the defaults, create it anew after a restore`,
    );
  }
  if (recovery.pendingFrom !== undefined) {
    events.note(
      `Transactions from ${recovery.pendingFrom} on change explicit indexes; the server applies them to these indexes at its first start`,
    );
  }
}
