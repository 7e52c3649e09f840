import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WORK_PARTS } from '../../backup/target/directory/target-places.ts';
import { listIfExists } from '../../base/directory-names.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { measureTree } from '../../base/tree-size.ts';
import { findForeign } from '../../base/work-directory.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, warning } from '../findings/finding.ts';
import type { TargetView } from './target-view.ts';

/** What killed runs have left, and the backups that a full one has replaced. `isInUse`: the work directory is of a run under way. */
export async function findLeftovers({ places }: TargetView, isInUse: boolean): Promise<DoctorFinding> {
  const { work } = places;
  const reason = await findForeign(work, WORK_PARTS);
  if (reason !== undefined) {
    return failure(
      'leftovers',
      `${work} is in the way: ${reason}`,
      'Look at what it is and who made it, then move it away.',
    );
  }
  const old = await listOld(places);
  const parts = isInUse ? [] : await listIfExists(work);
  const remains = parts.length === 0 ? '' : describeRemains(parts, (await measureTree(work)).bytes);
  if (old.length === 0) return inOrder('leftovers', remains === '' ? 'none' : remains);
  const sizes = await Promise.all(old.map((path) => measureTree(path)));
  const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
  const count = old.length === 1 ? 'one older backup takes' : `${old.length} older backups take`;
  return warning(
    'leftovers',
    `${count} ${formatBytes(bytes)}: ${old[0]}${old.length === 1 ? '' : ', ...'}${remains === '' ? '' : `; ${remains}`}`,
    'They were replaced by a full backup, or could not be put in place. Remove them if nobody needs them.',
    { backups: old.length, bytes },
  );
}

function describeRemains(parts: readonly string[], bytes: number): string {
  const isFinished = parts.some((part) => ['ready', 'placing', 'old'].includes(part));
  return isFinished
    ? `a killed run has left a finished backup (${formatBytes(bytes)}), which the next run puts in place`
    : `a killed run has left ${formatBytes(bytes)}, which the next run removes`;
}

/** `<name>.err.N` and `<name>.graphkeep-unpublished.N`; inside of a target that cannot be renamed, `.graphkeep-err.N` and so on. */
async function listOld({ path, unpublished, mounted }: TargetView['places']): Promise<string[]> {
  const prefixes = [mounted === undefined ? `${path}.err` : join(path, '.graphkeep-err'), unpublished].map(
    (prefix) => `${basename(prefix)}.`,
  );
  const folder = dirname(unpublished);
  if ((await statIfExists(folder))?.isDirectory() !== true) return [];
  const entries = await atFile('read the directory', folder, () => readdir(folder, { withFileTypes: true }));
  return entries
    .filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
}
