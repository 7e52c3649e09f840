import { constants } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { lstatIfExists, statIfExists } from './durable-files.ts';
import { GraphkeepError } from './errors.ts';
import { atFile } from './file-errors.ts';
import { mayAccess } from './file-permissions.ts';
import { isMountPoint } from './mounts.ts';

/*
 * Checks the target of a replacing rename before the work for it begins: where it really is, and whether the system will allow the rename.
 */

const MAX_LINKS = 40;
const MAY_CHANGE = constants.W_OK | constants.X_OK;

/**
 * Resolves links in the path: a rename would replace the link itself, and its parent may be on another disk. A dangling link is followed if
 * the parent directory of its target exists; an unmounted disk is not.
 *
 * @throws GraphkeepError `directory.missing`
 */
export async function resolveTarget(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const parent = await realDirectory(dirname(at));
    if (parent === undefined) {
      if (links === 0) return path;
      throw danglingLink(path, at);
    }
    at = join(parent, basename(at));
    if ((await lstatIfExists(at))?.isSymbolicLink() !== true) return at;
    const target = await atFile('read the link', at, () => readlink(at));
    at = resolve(parent, target);
  }
  throw new GraphkeepError('file.io', 'the link leads back to itself', {
    place: { file: path },
    hint: 'Correct the link, or name the directory itself.',
  });
}

async function realDirectory(path: string): Promise<string | undefined> {
  if ((await statIfExists(path)) === undefined) return undefined;
  return await atFile('open the directory', path, () => realpath(path));
}

function danglingLink(path: string, leadsTo: string): GraphkeepError {
  return new GraphkeepError('directory.missing', 'the link leads to a directory that does not exist', {
    place: { file: path },
    observed: leadsTo,
    hint: `Mount the disk, or make the directory ${dirname(leadsTo)}, or correct the link.`,
  });
}

/** Why the system would not rename an entry of a directory, as a sentence; undefined if no obstacle is known. */
export async function findRenameObstacle(path: string): Promise<string | undefined> {
  const parent = dirname(path);
  const around = await atFile('read the directory', parent, () => stat(parent));
  const info = await lstatIfExists(path);
  if (info !== undefined && (info.dev !== around.dev || (await isMountPoint(path)))) {
    return `the directory ${basename(path)} is a mount point`;
  }
  if (!mayAccess(parent, MAY_CHANGE)) return `this user may not change the directory ${parent}`;
  if (info === undefined) return undefined;
  const user = process.geteuid?.();
  const isSticky = (around.mode & 0o1000) !== 0 && user !== undefined && user !== 0;
  if (isSticky && info.uid !== user && around.uid !== user) {
    return `${path} belongs to user id ${info.uid}, and in ${parent} only owners may rename (sticky bit)`;
  }
  return undefined;
}

/**
 * The first directory of a tree that this user may not empty; undefined if the whole tree can be removed. A database whose old files could
 * not be removed must not be replaced.
 */
export async function findUnremovable(path: string): Promise<string | undefined> {
  const info = await lstatIfExists(path);
  if (info?.isDirectory() !== true) return undefined;
  if (!mayAccess(path, MAY_CHANGE | constants.R_OK)) return path;
  const entries = await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }));
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const found = await findUnremovable(join(path, entry.name));
    if (found !== undefined) return found;
  }
  return undefined;
}
