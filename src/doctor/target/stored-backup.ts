import { formatBytes } from '../../config/sizes.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import { headOf, readHistory, type TimelineHistory } from '../../repository/reading/database-history.ts';
import { type DoctorFinding, inOrder } from '../findings/finding.ts';
import { describeMoment, describeSpan } from '../findings/spans.ts';
import { judgeAge, type KnownBackup } from './existing-backup.ts';

/** The newest history of a database in a repository: what the next backup continues. */
export interface StoredBackup extends KnownBackup {
  repository: Repository;
  history: TimelineHistory;
}

/** Undefined if there is no complete backup yet: the next one is full. Throws what a backup would throw. */
export async function readStoredBackup(
  repository: Repository,
  database: string,
  signal: AbortSignal,
): Promise<StoredBackup | undefined> {
  const histories = await readHistory(repository.store, database, signal);
  const history = histories.findLast(({ bases }) => bases.length > 0);
  if (history === undefined) return undefined;
  const { id, checksum } = headOf(history)!;
  return { repository, history, storeId: history.timeline.store, last: { id, checksum } };
}

export function describeStoredBackup(stored: StoredBackup | undefined, nowMs: number): DoctorFinding {
  if (stored === undefined) return inOrder('backup', 'none yet: the next one is full');
  const { history } = stored;
  const { id, newestCommit } = headOf(history)!;
  const bases = history.bases.length;
  const newest = history.bases.at(-1)!;
  const bytes = history.logBytes + history.bases.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  // A run that finds nothing new leaves no trace.
  const ageMs = Math.max(0, nowMs - Math.max(newestCommit.getTime(), newest.finishedAt.getTime()));
  const observed =
    `up to transaction ${id} (${describeMoment(newestCommit.getTime())}), ${bases} full ${bases === 1 ? 'backup' : 'backups'} and ` +
    `${history.logObjects} pieces of log in ${formatBytes(bytes)}, last changed ${describeSpan(ageMs)} ago`;
  return judgeAge(observed, { lastTransaction: id, bytes, ageMs });
}
