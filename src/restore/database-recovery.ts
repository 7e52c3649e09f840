import { join } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, removeTree, statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { type FileLock, tryLockFile } from '../base/file-lock.ts';
import { RightsKeeper } from '../base/file-rights.ts';
import { findTargetLock } from '../base/target-lock.ts';
import type { ReplayedGeneration } from '../generation/generation.ts';
import { requireGeneration } from '../generation/known-generations.ts';
import { BASE_TRANSACTION } from '../log/v3/log-header.ts';
import type { ReplayProgress } from '../replay/events/replay-events.ts';
import { type Recovery, recoverStore } from '../replay/recovery.ts';
import { lockDatabase } from '../store/files/database-lock.ts';
import { SCRATCH_FOLDER } from '../store/files/store-files.ts';

export interface RecoverDatabaseOptions {
  /** Absolute path of a database that no server uses, or of a backup. */
  directory: string;
  /** Directory of its transaction logs; must be the same directory. */
  logDirectory: string;
  budgetBytes: number;
  signal: AbortSignal;
  onEvent?: (event: ReplayProgress) => void;
}

export interface RecoveredDatabase {
  /** `clean`: there was nothing to do. `pending`: recovered except for the explicit indexes, which only a server can update. */
  state: 'clean' | 'recovered' | 'pending';
  lastTransaction: number;
  /** Bytes cut off after the last complete transaction. */
  tornBytes: number;
  /** Undefined if there was nothing to do. */
  recovery: Recovery | undefined;
}

/**
 * Recovers a database or backup that was not closed cleanly, in place: applies everything in its log and leaves it as after a clean
 * shutdown. A kill at any moment leaves a store that the next recovery, ours or the server's, brings to the same end.
 *
 * @throws GraphkeepError `directory.in-use`; the errors of {@link requireGeneration}; `log.no-check-point`, `log.corrupt`, `log.gap`
 */
export async function recoverDatabase(options: RecoverDatabaseOptions): Promise<RecoveredDatabase> {
  const { directory } = options;
  const generation = await requireGeneration(directory, 'change', options.logDirectory);
  const lock = await lockDatabase(directory);
  try {
    return await withBackupLock(directory, () => recoverLocked(options, generation));
  } finally {
    await lock.release();
  }
}

/** Prevents a backup job of ours from working in this directory meanwhile. */
async function withBackupLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const { own, other } = await findTargetLock(directory);
  const held: FileLock[] = [];
  try {
    for (const path of [own, other]) {
      if ((await statIfExists(path)) === undefined) continue;
      const lock = await tryLockFile(path, { remove: 'always' });
      if (lock === undefined) {
        throw new GraphkeepError('directory.in-use', 'another backup is running on this target', {
          place: { file: directory },
        });
      }
      held.push(lock);
    }
    return await work();
  } finally {
    for (const lock of held) await lock.release();
  }
}

async function recoverLocked(
  options: RecoverDatabaseOptions,
  generation: ReplayedGeneration,
): Promise<RecoveredDatabase> {
  const { directory, budgetBytes, signal, onEvent } = options;
  // Sort runs and replaced files, on the disk of the store; also whatever a killed embedded database has left there.
  const scratch = join(directory, SCRATCH_FOLDER);
  await removeTree(scratch);
  const { lastTransaction } = generation.readFacts(directory);
  const found = generation.findRecoveryStart(directory);
  if (!found.needed || found.position === undefined) {
    if (found.position === undefined) requireNoLogNeeded(options, lastTransaction);
    return { state: 'clean', lastTransaction, tornBytes: 0, recovery: undefined };
  }
  throwIfCancelled(signal);
  // Root must not shut out the user whose database it recovers.
  const rights = await RightsKeeper.remember(directory, generation.files.keyFile);
  await makeDirectory(scratch);
  try {
    const how = { start: found.position, storeIsExact: false, budgetBytes, scratch, signal };
    const recovery = await recoverStore(directory, { ...how, ...(onEvent === undefined ? {} : { onEvent }) });
    const state = recovery.pendingFrom === undefined ? 'recovered' : 'pending';
    return { state, lastTransaction: recovery.lastTransaction, tornBytes: found.tornBytes, recovery };
  } finally {
    await removeTree(scratch);
    await rights.restore();
  }
}

/** Without a log, nobody can tell what is missing, unless there never was a transaction. */
function requireNoLogNeeded({ directory, logDirectory }: RecoverDatabaseOptions, lastTransaction: number): void {
  const isElsewhere = logDirectory !== directory;
  if (!isElsewhere && lastTransaction <= BASE_TRANSACTION) return;
  throw new GraphkeepError('log.no-check-point', 'there is no transaction log in the directory', {
    place: { file: directory },
    observed: isElsewhere
      ? `dbms.directories.tx_log puts them in ${logDirectory}`
      : `transaction ${lastTransaction} in the store`,
    hint: isElsewhere
      ? `Start and stop the server: it recovers the database with its logs where they are. Or copy the logs from ${logDirectory} beside the store, and run this again.`
      : 'If its logs are kept elsewhere (dbms.directories.tx_log) or were moved, copy them beside the store and run this again, or let the server recover: start and stop it.',
  });
}
