import { join } from 'node:path';
import { statIfExists } from './durable-files.ts';
import { findRenameObstacle, resolveTarget } from './replaceable-directory.ts';

/** Where backup jobs lock the directory of a backup, and keep what belongs to it. */
export interface TargetLockPlaces {
  /** The directory without links. */
  readonly path: string;
  /** True if this user cannot rename the directory, as with a mount point: then everything is inside it. */
  readonly isInside: boolean;
  /** The lock that a job of this user takes. */
  readonly own: string;
  /** The lock that a job of a user with other rights may hold. */
  readonly other: string;
}

/** @throws GraphkeepError `directory.missing` for a dangling link */
export async function findTargetLock(directory: string): Promise<TargetLockPlaces> {
  const path = await resolveTarget(directory);
  const isDirectory = (await statIfExists(path))?.isDirectory() === true;
  const isInside = isDirectory && (await findRenameObstacle(path)) !== undefined;
  const [beside, inside] = [`${path}.graphkeep-lock`, join(path, '.graphkeep-lock')];
  return isInside ? { path, isInside, own: inside, other: beside } : { path, isInside, own: beside, other: inside };
}
