import { noteRecovery } from '../../backup/recovery-notes.ts';
import { printableLine } from '../../base/printable-text.ts';
import { describePendingLog } from '../../replay/pending-log.ts';
import { type RecoveredDatabase, recoverDatabase } from '../../restore/recover-database.ts';
import { requestRecover } from '../commands/recover-request.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** Something is left for the server: the directory is not as after a clean shutdown. */
const LEFT_TO_SERVER = 2;

/** @returns the exit code */
export async function recoverBody({ positionals, context }: Invocation, reporter: Reporter): Promise<number> {
  const options = await requestRecover(positionals[0]!, context);
  const onPhase = (phase: string) => reporter.progress({ phase, files: 0, bytes: 0 });
  const recovered = await recoverDatabase({ ...options, onPhase });
  const { state, lastTransaction, tornBytes, recovery } = recovered;
  if (recovery !== undefined) {
    noteRecovery(recovery, {
      note: (text) => reporter.note(printableLine(text)),
      debug: (text) => reporter.debug(printableLine(text)),
    });
  }
  reporter.report(printableLine(describe(options.directory, recovered)), {
    command: 'recover',
    directory: options.directory,
    state,
    lastTransaction,
    transactions: recovery?.transactions ?? 0,
    records: recovery?.records ?? 0,
    tornBytes,
    ...(recovery?.pendingFrom === undefined ? {} : { pendingFrom: recovery.pendingFrom }),
  });
  return state === 'pending' ? LEFT_TO_SERVER : 0;
}

function describe(directory: string, { state, lastTransaction, tornBytes, recovery }: RecoveredDatabase): string {
  if (state === 'clean') return `${directory} was closed cleanly at transaction ${lastTransaction}: nothing to do.`;
  const torn = tornBytes === 0 ? '' : `, ${tornBytes} torn bytes cut off`;
  const done = `${recovery!.transactions} transactions applied${torn}`;
  if (state === 'recovered') return `${directory}: recovered up to transaction ${lastTransaction}; ${done}.`;
  const pending = { first: recovery!.pendingFrom!, last: lastTransaction };
  return `${directory}: ${describePendingLog(pending)}. Records and counts are up to date${torn}.`;
}
