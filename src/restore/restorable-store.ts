import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import { describeIrregular } from '../base/regular-files.ts';
import type { CheckEvent } from '../check/check-events.ts';
import { checkStore } from '../check/store-check.ts';
import type { DatabaseFiles, ReplayedGeneration } from '../generation/generation.ts';
import { requireGeneration } from '../generation/known-generations.ts';
import { describeOddLength, findOddLengths } from '../store/files/file-lengths.ts';
import { readMetadataIn } from '../store/files/neostore-metadata.ts';
import type { DatabaseFileRole } from '../store/files/store-files.ts';
import { formatByVersion } from '../store/files/store-format.ts';

const MUST_BE_REGULAR: ReadonlySet<DatabaseFileRole> = new Set([
  'record-store',
  'id-file',
  'counts',
  'label-scan',
  'explicit-index-config',
  'transaction-log',
]);

/** A store that a server opens, as it is or after recovery. */
export interface RestorableStore {
  generation: ReplayedGeneration;
  needsRecovery: boolean;
}

/**
 * Checks that a store may replace a database: a release that a 3.x server opens, all record stores present, plausible headers, whole
 * records, logs without gap or damage. Reads headers and logs, not the records.
 *
 * @throws GraphkeepError the errors of {@link requireGeneration} and `findRecoveryStart`; `store.corrupt`
 */
export async function requireRestorable(directory: string): Promise<RestorableStore> {
  const generation = await requireGeneration(directory, 'copy');
  await requireRegularFiles(directory, generation.files);
  const { needed } = generation.findRecoveryStart(directory);
  await requireWholeFiles(directory, needed);
  return { generation, needsRecovery: needed };
}

/** A directory, pipe or device in the place of a file is copied as such, or not at all; a server opens neither. */
async function requireRegularFiles(directory: string, files: DatabaseFiles): Promise<void> {
  const names = await atFile('read the directory', directory, () => readdir(directory));
  for (const name of names) {
    if (!MUST_BE_REGULAR.has(files.roleOf(name))) continue;
    const path = join(directory, name);
    const kind = describeIrregular(await atFile('read the file', path, () => stat(path)));
    if (kind === undefined) continue;
    throw new GraphkeepError('store.corrupt', 'there must be a regular file here', {
      place: { file: path },
      observed: kind,
      hint: 'Use another copy: a backup, or all files of the stopped database once more.',
    });
  }
}

/**
 * Checks that every file ends with a whole record.
 *
 * @param wasKilled true for the store of a killed server: a file that was growing may end with part of a record, and recovery handles it
 */
export async function requireWholeFiles(directory: string, wasKilled = false): Promise<void> {
  const { storeVersion } = readMetadataIn(directory);
  const odd = await findOddLengths(directory, formatByVersion(storeVersion));
  const wrong = wasKilled ? odd.filter(({ textMode }) => textMode) : odd;
  if (wrong.length === 0) return;
  throw new GraphkeepError('store.corrupt', 'the store was not copied whole', {
    place: { file: join(directory, wrong[0]!.name) },
    observed: wrong.map(describeOddLength).join('; '),
    hint: wrong.some(({ textMode }) => textMode)
      ? 'Copy the store again as binary files; with git, mark it `* -text` in .gitattributes.'
      : 'Use another copy: a backup, or all files of the stopped database once more.',
  });
}

/** The full consistency check, before anything is replaced. */
export async function requireConsistent(
  directory: string,
  signal: AbortSignal,
  onEvent: (event: CheckEvent) => void = () => {},
): Promise<void> {
  const { consistent, errors, byKind } = await checkStore(directory, { signal, onEvent });
  if (consistent) return;
  throw new GraphkeepError('check.inconsistent', 'the backup is inconsistent and was not restored', {
    observed: `${errors} errors: ${[...byKind].map(([kind, count]) => `${count} x ${kind}`).join(', ')}`,
    hint: 'Run the check on the backup for a report, or use an older backup.',
  });
}
