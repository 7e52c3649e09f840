import { closeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../../base/errors.ts';
import { asGraphkeepError, atFile, isForbidden, isMissing } from '../../base/file-errors.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import { listLogFiles } from '../../log/log-files.ts';
import type { DatabasePlace } from '../../source/live-files/live-database.ts';
import { listLiveFiles } from '../../source/live-files/live-file-list.ts';
import { readMetadataIn } from '../../store/files/neostore-metadata.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { type DoctorFinding, failure, inOrder } from '../findings/finding.ts';

/** How many of the files that cannot be read are named. */
const NAMED = 3;

/** Opens and closes every file that a copy reads: record stores, `neostore`, logs, explicit indexes, settings of fulltext indexes. */
export async function checkReadRights({ directory, logDirectory }: DatabasePlace): Promise<DoctorFinding> {
  const files = await listCopiedFiles(directory);
  const logs = listLogFiles(logDirectory).files.map(({ path }) => path);
  const closed: { path: string; error: unknown }[] = [];
  for (const path of [...files, ...logs]) {
    try {
      closeSync(openRegularFile(path));
    } catch (error) {
      // Index files and logs come and go while a server runs.
      if (!isMissing(error)) closed.push({ path, error });
    }
  }
  const total = files.length + logs.length;
  if (closed.length === 0) return inOrder('read-rights', `all ${total} files can be read`, { files: total });
  const names = closed.slice(0, NAMED).map(({ path }) => path);
  const more = closed.length > NAMED ? ` and ${closed.length - NAMED} more` : '';
  const { error } = closed[0]!;
  const observed = `${closed.length} of ${total} files cannot be read: ${names.join(', ')}${more}`;
  const { hint } = asGraphkeepError(error);
  const numbers = { files: total, unreadable: closed.length };
  if (!isForbidden(error)) return failure('read-rights', `${observed} (${describeError(error)})`, hint, numbers);
  return failure(
    'read-rights',
    observed,
    `${hint} The group of the files may be enough: add this user to it.`,
    numbers,
  );
}

async function listCopiedFiles(directory: string): Promise<string[]> {
  const format = formatByVersion(readMetadataIn(directory).storeVersion);
  const { records, metadata, indexFolders } = listLiveFiles(directory, format);
  const indexes = await Promise.all(indexFolders.map(({ path }) => listFiles(path)));
  return [...records.map(({ path }) => path), metadata.path, ...indexes.flat()];
}

/** Files of the folder of an explicit index; none if it was dropped. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await atFile('read the directory', folder, () => readdir(folder, { withFileTypes: true }));
    return entries
      .filter((entry) => entry.isFile() && entry.name !== 'write.lock')
      .map(({ name }) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
