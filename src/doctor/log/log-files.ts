import { readFile } from 'node:fs/promises';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, unseen, warning } from '../findings/finding.ts';
import { describeMoment } from '../findings/spans.ts';
import type { LoggedMoment, LogHistory } from './log-history.ts';

/** Files that a backup has open beside the log: what Node itself needs, store files, the target. More with a check. */
const OTHER_FILES = { least: 30, most: 100 };

/** How large the log is, and from when to when it reaches. */
export function describeLogFiles({ files, bytes, oldest, newest }: LogHistory): DoctorFinding {
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
  const reach =
    oldest === undefined || newest === undefined
      ? 'no transactions'
      : `transactions ${describe(oldest)} to ${describe(newest)}`;
  return inOrder('log-files', `${count}: ${reach}`, {
    files: files.length,
    logBytes: bytes,
    ...(oldest === undefined ? {} : { firstTransaction: oldest.transaction }),
    ...(newest === undefined ? {} : { lastTransaction: newest.transaction }),
  });
}

function describe({ transaction, atMs }: LoggedMoment): string {
  return atMs === undefined ? String(transaction) : `${transaction} (${describeMoment(atMs)})`;
}

/**
 * A copy opens all log files at the same time, so that the server cannot take one away. `limit`: how many files this process may open,
 * undefined if that cannot be seen.
 */
export function checkOpenFiles(
  { files }: LogHistory,
  limit: number | undefined,
  rotation = 'dbms.tx_log.rotation.size',
): DoctorFinding {
  const wanted = 2 * files.length + OTHER_FILES.most;
  if (limit === undefined) return unseen('open-files', 'this system does not tell how many files a process may open');
  const observed = `a copy opens all ${files.length} log files, and this process may open ${limit} files`;
  const numbers = { logFiles: files.length, limit };
  const remedy = `Raise the limit of this user (ulimit -n ${wanted}), or raise ${rotation}, so that there are fewer files.`;
  if (files.length + OTHER_FILES.least > limit) return failure('open-files', observed, remedy, numbers);
  return wanted > limit ? warning('open-files', observed, remedy, numbers) : inOrder('open-files', observed, numbers);
}

/** The soft limit of this process; undefined where it cannot be read. */
export async function readOpenFileLimit(): Promise<number | undefined> {
  try {
    const limits = await readFile('/proc/self/limits', 'utf8');
    const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
  } catch {
    // Only Linux has it.
    return undefined;
  }
}
