import type { IndexLeftToServer } from '../../replay/events/replay-events.ts';
import type { RecoveryEvent } from '../../replay/recovery-events.ts';

type AppliedLog = Extract<RecoveryEvent, { kind: 'log-applied' }>;

/** What of a replay is left to the server, or to the user. */
export function describeReplayNote(note: Exclude<RecoveryEvent, AppliedLog>): string {
  switch (note.kind) {
    case 'index-left-to-server':
      return `Index ${note.index} will be populated by the server at its first start (do not stop it before the index is online): ${describeReason(note)}`;
    case 'fulltext-settings-missing':
      return `The server does not send the settings of fulltext index ${note.index}: if they are not the defaults, create it anew after a restore`;
    case 'explicit-indexes-left-to-server':
      return `Transactions from ${note.firstTransaction} on change explicit indexes; the server applies them to these indexes at its first start`;
    default:
      return note satisfies never;
  }
}

function describeReason({ why, detail }: IndexLeftToServer): string {
  switch (why) {
    case 'created-later':
      return 'it was created after the backup it is added to';
    case 'changes-unknown':
      return 'its changes are not known one by one';
    case 'not-writable':
      return detail ?? 'it holds what only a server can write';
    default:
      return why satisfies never;
  }
}

export function describeAppliedLog({ transactions, records }: AppliedLog): string {
  return `Applied ${transactions} transactions, ${records} records`;
}
