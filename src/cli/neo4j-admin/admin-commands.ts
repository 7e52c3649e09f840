import type { RestoreNote } from '../../restore/restore-notes.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';

/* What each command does after its arguments are parsed. Rooms are loaded on demand, so that a usage text costs nothing. */

/**
 * Reads the values, which may end in wrong usage, and returns the work to do.
 * @returns work that resolves with the exit code
 */
export type AdminCommand = (values: OptionValues, context: CommandContext) => Promise<() => Promise<number>>;

export const adminCommandBodies: Record<string, AdminCommand> = {
  backup: async (values, context) => {
    const { requestBackup } = await import('../commands/backup-request.ts');
    const options = await requestBackup(values, context);
    if (options.protocol !== 'any') context.stdout(`${restrictionOf(options.protocol)}\n`);
    return async () => {
      const runBackup = context.runBackup ?? (await import('../../backup/backup-job.ts')).runBackup;
      const { createBackupView } = await import('./backup-view.ts');
      await runBackup(options, createBackupView(context), context.signal);
      return 0;
    };
  },
  restore: async (values, context) => {
    const { requestRestore } = await import('../commands/restore-request.ts');
    const options = await requestRestore(values, context);
    return async () => {
      const { notes } = await (await import('../../restore/database-restore.ts')).restoreDatabase(options);
      await showNotes(notes, context);
      return 0;
    };
  },
  'check-consistency': async (values, context) => {
    const { requestCheck } = await import('../commands/consistency-check.ts');
    const request = await requestCheck(values, context);
    return async () => await (await import('./check-consistency.ts')).checkConsistency(request, context);
  },
  dump: async (values, context) => {
    const { requestDump } = await import('../commands/archive-request.ts');
    const options = await requestDump(values, context);
    return async () => {
      const { describeLeftOut } = await import('../wording/restore-text.ts');
      const { dumpDatabase } = await import('../../restore/database-dump.ts');
      const onLeftOut = (name: string) => context.stderr(`${describeLeftOut(name)}\n`);
      await dumpDatabase({ ...options, onLeftOut });
      return 0;
    };
  },
  load: async (values, context) => {
    const { requestLoad } = await import('../commands/archive-request.ts');
    const options = await requestLoad(values, context);
    return async () => {
      await showNotes(await (await import('../../restore/database-load.ts')).loadDatabase(options), context);
      return 0;
    };
  },
  unbind: async (values, context) => {
    const { requestUnbind } = await import('../commands/unbind-request.ts');
    const options = await requestUnbind(values, context);
    return async () => {
      const removed = await (await import('../../restore/cluster-state.ts')).removeClusterState(options);
      if (!removed) context.stderr('This instance was not bound. No work performed.\n');
      return 0;
    };
  },
};

async function showNotes(notes: readonly RestoreNote[], context: CommandContext): Promise<void> {
  const { describeRestoreNote } = await import('../wording/restore-text.ts');
  for (const note of notes) context.stderr(`${describeRestoreNote(note)}\n`);
}

function restrictionOf(protocol: 'catchup' | 'common'): string {
  const servers = protocol === 'catchup' ? 'causal clustering instances' : 'HA and single instances';
  return `The selected protocol \`${protocol}\` means that it is only compatible with ${servers}`;
}
