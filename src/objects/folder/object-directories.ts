import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { systemCodeOf } from '../../base/file-errors.ts';
import { type FileRights, grantRights } from '../../base/file-rights.ts';
import { isWithin } from '../../base/inner-links.ts';
import { isAbsent } from './folder-errors.ts';

/**
 * The directories that keys need. Each name is durable before anything is in it. Links are never followed: somebody may have put one there,
 * and it could lead to files of others.
 */
export class ObjectDirectories {
  private readonly root: string;
  private readonly rights: FileRights;
  private readonly known = new Set<string>();

  /** @param root the real path of the folder */
  constructor(root: string, rights: FileRights) {
    this.root = root;
    this.rights = rights;
  }

  /** Makes the directory of a key, and those above it. */
  async make(key: string): Promise<string> {
    let path = this.root;
    for (const name of key.split('/').slice(0, -1)) {
      const parent = path;
      path = join(path, name);
      if (this.known.has(path)) continue;
      await this.makeOne(path, parent);
      this.known.add(path);
    }
    return path;
  }

  private async makeOne(path: string, parent: string): Promise<void> {
    try {
      await mkdir(path, this.rights.modes?.directory);
      await grantRights(path, this.rights);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
      requireDirectory(path, await lstat(path));
    }
    // Also if somebody else made it a moment ago: it may not be durable yet.
    await syncDirectory(parent);
  }

  /** To be called when a directory turned out to be gone. */
  forget(): void {
    this.known.clear();
  }

  /** Path of an object if its directory exists and no link leads there; undefined if not. */
  async find(key: string): Promise<string | undefined> {
    const path = join(this.root, key);
    try {
      const directory = dirname(path);
      return (await realpath(directory)) === directory ? path : undefined;
    } catch (error) {
      if (isAbsent(error) || systemCodeOf(error) === 'ELOOP') return undefined;
      throw error;
    }
  }

  /** Makes the removal of objects durable, and removes directories that are empty now. */
  async tidyUp(directories: ReadonlySet<string>): Promise<void> {
    for (const directory of directories) {
      let path = directory;
      while (path !== this.root && isWithin(path, this.root) && (await removeIfEmpty(path))) {
        this.known.delete(path);
        path = dirname(path);
      }
      await syncDirectory(path).catch((error: unknown) => {
        // Another one that empties the folder was faster.
        if (!isAbsent(error)) throw error;
      });
    }
  }
}

function requireDirectory(path: string, info: Stats): void {
  if (info.isDirectory()) return;
  const place = { file: path };
  if (info.isSymbolicLink()) {
    throw new GraphkeepError(
      'object.denied',
      'a link is in the way; no link is followed within the folder of a store',
      {
        place,
        hint: 'Look who made it, then replace it by the directory that it leads to.',
      },
    );
  }
  throw new GraphkeepError('object.key', 'something else is in the place of a directory', { place });
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch {
    // Not empty, in use or forbidden: an empty directory harms nobody.
    return false;
  }
}
