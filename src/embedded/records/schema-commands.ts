import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RecordChanges } from './record-changes.ts';
import { chainImages } from './record-commands.ts';

/** The commands of the rules with these ids: deletes, then creates, then updates (spec transaction-logs 3.8, 3.11). */
export function schemaCommands(changes: RecordChanges, ruleIds: Iterable<number>): LogCommand[] {
  const [deletes, creates, updates]: LogCommand[][] = [[], [], []];
  for (const id of [...ruleIds].sort((a, b) => a - b)) {
    const [was, is] = [changes.view.read('schema', id) !== undefined, changes.read('schema', id) !== undefined];
    const { before, after } = chainImages(changes, 'schema', was ? id : NULL_REFERENCE, is ? id : NULL_REFERENCE);
    if (after.length === 0) continue;
    // For a new rule, servers write the after-list as the before-list too.
    if (!was) creates!.push({ kind: 'schemaRule', before: after, after, created: true });
    else (is ? updates! : deletes!).push({ kind: 'schemaRule', before, after, created: false });
  }
  return [...deletes!, ...creates!, ...updates!];
}
