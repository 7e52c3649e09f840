import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { listIfExists } from '../../base/directory-names.ts';
import { asGraphkeepError, isForbidden, isMissing } from '../../base/file-errors.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import type { DatabasePlace } from '../../source/live-files/live-database.ts';
import { listCopiedFiles } from '../../source/live-files/live-file-list.ts';
import { transactionLogVersion } from '../../store/files/store-files.ts';
import { type DoctorFinding, failure, inOrder } from '../findings/finding.ts';

/** How many of the files that cannot be read are named. */
const NAMED = 3;

/** Those of a database of 3.x: record stores, `neostore`, logs, explicit indexes, settings of fulltext indexes. */
export async function listReadFiles({ directory, logDirectory }: DatabasePlace): Promise<string[]> {
  const files = listCopiedFiles(directory).map(({ path }) => path);
  const names = await listIfExists(logDirectory);
  const logs = names
    .filter((name) => transactionLogVersion(name) !== undefined)
    .map((name) => join(logDirectory, name));
  return [...files, ...logs];
}

/** Opens and closes every file that a copy reads. */
export function checkReadRights(paths: readonly string[]): DoctorFinding {
  const closed: { path: string; error: unknown }[] = [];
  for (const path of paths) {
    try {
      closeSync(openRegularFile(path));
    } catch (error) {
      // Index files and logs come and go while a server runs.
      if (!isMissing(error)) closed.push({ path, error });
    }
  }
  const total = paths.length;
  if (closed.length === 0) return inOrder('read-rights', `all ${total} files can be read`, { files: total });
  const named = closed.slice(0, NAMED).map(({ path }) => path);
  const more = closed.length > NAMED ? ` and ${closed.length - NAMED} more` : '';
  const { error } = closed[0]!;
  const observed = `${closed.length} of ${total} files cannot be read: ${named.join(', ')}${more}`;
  const { hint, message, observed: seen } = asGraphkeepError(error);
  const numbers = { files: total, unreadable: closed.length };
  if (!isForbidden(error)) return failure('read-rights', `${observed} (${message}: ${seen})`, hint, numbers);
  return failure(
    'read-rights',
    observed,
    `${hint} The group of the files may be enough: add this user to it.`,
    numbers,
  );
}
