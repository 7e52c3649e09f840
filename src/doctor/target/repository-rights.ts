import { constants } from 'node:fs';
import { join } from 'node:path';
import { entriesIfThere } from '../../base/directory-names.ts';
import { hasCode } from '../../base/errors.ts';
import { describePermissions, mayAccess } from '../../base/file-permissions.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { probeStore } from '../../objects/probe.ts';
import { type DoctorFinding, failure, inOrder, warning } from '../findings/finding.ts';

const MAY_CHANGE = constants.R_OK | constants.W_OK | constants.X_OK;

/**
 * Whether backups of these databases can be written. A folder is asked for its rights; in a bucket they can only be tried, with two small
 * objects that are removed again.
 * @throws GraphkeepError those of the store
 */
export async function checkRepositoryRights(
  store: ObjectStore,
  databases: readonly string[],
  signal: AbortSignal,
): Promise<DoctorFinding> {
  return store.kind === 'folder' ? checkFolder(store.address, databases) : await tryStore(store, signal);
}

function checkFolder(root: string, databases: readonly string[]): DoctorFinding {
  const folders = [root, join(root, 'lease'), join(root, 'db')];
  const closed = [...folders, ...databases.flatMap((name) => foldersOf(join(root, 'db', name), 2))].find(isClosed);
  if (closed === undefined) return inOrder('repository-rights', `this user may write in ${root}`);
  const why = describePermissions(join(closed, 'x')) ?? '';
  return failure(
    'repository-rights',
    `this user may not change ${closed}. ${why}`.trim(),
    'Run the command as the owner of the repository, or give this user the right to write there.',
  );
}

/** A database, its timelines, and the folders of these that get new objects. */
function foldersOf(folder: string, depth: number): string[] {
  if (depth === 0) return [folder];
  const inside = mayAccess(folder, constants.R_OK) ? entriesIfThere(folder) : [];
  const below = inside.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  return [folder, ...below.flatMap((each) => foldersOf(each, depth - 1))];
}

function isClosed(folder: string): boolean {
  return mayAccess(folder, constants.F_OK) && !mayAccess(folder, MAY_CHANGE);
}

async function tryStore(store: ObjectStore, signal: AbortSignal): Promise<DoctorFinding> {
  try {
    const { conditionalCreate } = await probeStore(store, signal);
    const tried = 'two small objects were written, read and removed';
    if (conditionalCreate) return inOrder('repository-rights', `${tried}; the store refuses to overwrite objects`);
    return warning(
      'repository-rights',
      `${tried}; the store does not refuse to overwrite objects`,
      'Let only one machine write into this repository.',
    );
  } catch (error) {
    if (!hasCode(error, 'object.denied')) throw error;
    // Backups do without leases.
    return warning(
      'repository-rights',
      `nothing may be written below lease/, so whether backups may be written could not be tried: ${error.message}`,
      'Look at the rights of these credentials: backups create objects below db/, and, if they may, below lease/.',
    );
  }
}
