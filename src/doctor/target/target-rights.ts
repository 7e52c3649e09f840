import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { describePermissions, mayAccess } from '../../base/file-permissions.ts';
import { viewLock } from '../../base/lock-holders.ts';
import { type DoctorFinding, failure, inOrder, unseen, warning } from '../findings/finding.ts';
import type { TargetView } from './target-view.ts';

const MAY_CHANGE = constants.W_OK | constants.X_OK;

/** Asks the system, and writes nothing: not even a probe could be left behind. */
export async function checkTargetRights(view: TargetView): Promise<DoctorFinding> {
  const { places, base, state } = view;
  const around = places.mounted === undefined && base === places.path ? dirname(base) : base;
  const inside = state === 'backup' ? await findClosed(places.path) : undefined;
  const closed = mayAccess(around, MAY_CHANGE) ? inside : around;
  if (closed === undefined) return inOrder('target-rights', `this user may write in ${around}`);
  const why = describePermissions(join(closed, 'x')) ?? '';
  return failure(
    'target-rights',
    `this user may not change ${closed}${isReadOnly(closed)}. ${why}`.trim(),
    'Run the command as the owner, or give this user the right to write there.',
  );
}

function isReadOnly(path: string): string {
  return mayAccess(path, constants.R_OK) && process.geteuid?.() === 0
    ? ', which is on a disk that is mounted read-only'
    : '';
}

/** A directory or file of a backup that an incremental could not change. */
async function findClosed(path: string): Promise<string | undefined> {
  if (!mayAccess(path, MAY_CHANGE)) return path;
  for (const entry of await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }))) {
    const child = join(path, entry.name);
    const closed = entry.isDirectory() ? await findClosed(child) : undefined;
    if (closed !== undefined) return closed;
    if (entry.isFile() && !mayAccess(child, constants.R_OK | constants.W_OK)) return child;
  }
  return undefined;
}

/** Whether another run works on the target. It is looked up in the list of locks; none is taken. */
export async function checkTargetInUse({ places }: TargetView): Promise<DoctorFinding> {
  const view = await viewLock(places.lock);
  if (view.kind === 'held') {
    const who = view.process === undefined ? '' : ` (process ${view.process})`;
    return warning(
      'target-in-use',
      `another run works on the target${who}, so what is said here may change any moment`,
      'A second backup into the same target is refused until this one has ended. One with --follow goes on by itself.',
    );
  }
  const isThere = (await statIfExists(places.lock)) !== undefined;
  if (view.kind === 'unseen' && isThere)
    return unseen('target-in-use', 'this system does not tell whether another run works on the target');
  return inOrder('target-in-use', 'no other run works on the target');
}
