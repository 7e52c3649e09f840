import { resolve } from 'node:path';
import type { ReplayProgress } from '../replay/events/replay-events.ts';
import { eventsOfRecovery, type RecoveryEvent } from '../replay/recovery-events.ts';
import { recoverDatabase } from '../restore/database-recovery.ts';
import { type Cancellable, DEFAULT_MEMORY_BYTES, signalOf } from './configuration.ts';

export type { ReplayProgress } from '../replay/events/replay-events.ts';

/** How to recover a store. */
export interface RecoverOptions extends Cancellable {
  /** Memory for changes and page buffers, in bytes. Default 128 MiB. */
  memoryBytes?: number;
  /** Called as the work goes on. It must not throw. */
  onEvent?: (event: ReplayProgress) => void;
}

/** What you should know beside the result of a recovery. */
export type RecoveryNote = Exclude<RecoveryEvent, { kind: 'log-applied' }>;

/** A store after its recovery. */
export interface RecoverResult {
  /** `clean`: there was nothing to do. `pending`: explicit indexes are left to a server, which completes them at its next start. */
  state: 'clean' | 'recovered' | 'pending';
  lastTransaction: number;
  /** Transactions applied. */
  transactions: number;
  /** Records written. */
  records: number;
  /** Bytes of an incomplete transaction that were cut off the log. */
  tornBytes: number;
  notes: readonly RecoveryNote[];
}

/**
 * Brings a database or backup that was not closed cleanly up to the end of its log, in place. After a kill at any moment, run it again.
 *
 * @throws GraphkeepError `directory.in-use`, `store.missing-file`, `store.format`, `log.no-check-point`, `log.corrupt`, `log.gap`,
 *   `file.io`, `cancelled`
 */
export async function recover(directory: string, options: RecoverOptions = {}): Promise<RecoverResult> {
  const path = resolve(directory);
  const { state, lastTransaction, tornBytes, recovery } = await recoverDatabase({
    directory: path,
    logDirectory: path,
    budgetBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    signal: signalOf(options),
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
  const events = recovery === undefined ? [] : [...eventsOfRecovery(recovery)];
  const notes = events.filter((event): event is RecoveryNote => event.kind !== 'log-applied');
  const { transactions = 0, records = 0 } = recovery ?? {};
  return { state, lastTransaction, transactions, records, tornBytes, notes };
}
