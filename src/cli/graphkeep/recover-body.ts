import { printableLine } from '../../base/printable-text.ts';
import { type RecoveredDatabase, recoverDatabase } from '../../restore/database-recovery.ts';
import { requestRecover } from '../commands/recover-request.ts';
import { progressOfReplay } from '../progress/event-progress.ts';
import { describePendingLog } from '../wording/pending-log-text.ts';
import type { Invocation } from './program.ts';
import { tellRecovery } from './recovery-notes.ts';
import type { Reporter } from './reporter.ts';

/** Something is left for the server: the directory is not as after a clean shutdown. */
const LEFT_TO_SERVER = 2;

/** @returns the exit code */
export async function recoverBody({ positionals, context }: Invocation, reporter: Reporter): Promise<number> {
  const options = await requestRecover(positionals[0]!, context);
  const recovered = await recoverDatabase({
    ...options,
    onEvent: (event) => reporter.progress(progressOfReplay(event)),
  });
  const { state, lastTransaction, tornBytes, recovery } = recovered;
  if (recovery !== undefined) tellRecovery(recovery, reporter);
  reporter.report(printableLine(describe(options.directory, recovered)), {
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
