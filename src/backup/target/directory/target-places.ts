import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statIfExists } from '../../../base/durable-files.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { atFile } from '../../../base/file-errors.ts';
import { findTargetLock } from '../../../base/target-lock.ts';
import { isStoreDirectory } from '../../../store/files/neostore-metadata.ts';
import { MountedTarget } from './mounted-target.ts';

/* Where the parts of a target are, and what is there now. Nothing here locks or changes anything. */

/** Parts of the work directory that are worthless after the command. */
export const SCRATCH_PARTS = ['store', 'log', 'replay'];
/** All parts: `ready` is a finished backup, and so are the parts of {@link MountedTarget}. */
export const WORK_PARTS = [...SCRATCH_PARTS, 'ready', 'placing', 'old'];

/** The paths that belong to a target. */
export interface TargetPlaces {
  path: string;
  lock: string;
  work: string;
  unpublished: string;
  /** Set if the target cannot be renamed. */
  mounted: MountedTarget | undefined;
}

export type TargetState =
  /** Nothing there, or an empty directory. */
  | 'absent'
  /** A backup: a file named `neostore` is in it. */
  | 'backup'
  /** Something else that must not be touched. */
  | 'foreign';

/** @throws GraphkeepError `directory.missing` for a dangling link */
export async function locateTarget(target: string): Promise<TargetPlaces> {
  const { path, isInside, own: lock } = await findTargetLock(target);
  const place = (name: string) => (isInside ? join(path, `.graphkeep-${name}`) : `${path}.graphkeep-${name}`);
  const mounted = isInside ? new MountedTarget(path) : undefined;
  return { path, lock, work: place('work'), unpublished: place('unpublished'), mounted };
}

export async function readTargetState(places: TargetPlaces): Promise<TargetState> {
  const info = await statIfExists(places.path);
  if (info === undefined) return 'absent';
  if (!info.isDirectory()) return 'foreign';
  if ((await listTargetEntries(places)).length === 0) return 'absent';
  return (await isStoreDirectory(places.path)) ? 'backup' : 'foreign';
}

/** The content of the target, except our own entries and those of the file system. */
export async function listTargetEntries({ path, mounted }: TargetPlaces): Promise<string[]> {
  if (mounted !== undefined) return await mounted.listEntries();
  return await atFile('read the directory', path, () => readdir(path));
}

/** A full backup would move the outer backup aside, with everything in it. @throws GraphkeepError `usage` */
export async function refuseInsideBackup(path: string): Promise<void> {
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    if (!(await isStoreDirectory(above))) continue;
    throw new GraphkeepError('usage', 'the target is inside another backup or database', {
      place: { file: path },
      observed: above,
      hint: 'Choose another --name or --backup-dir.',
    });
  }
}
