import type { Stats } from 'node:fs';
import { chmod, chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lstatIfExists } from './durable-files.ts';
import { atFile, fileError, isForbidden, systemCodeOf } from './file-errors.ts';

/*
 * Owners and modes of the files that graphkeep makes. A backup holds all the data of its database, so a new one is accessible to its owner
 * only. A replacement gets the owner and modes of what it replaces: root must not shut out the user whose database it replaces, and nobody
 * may read more than before.
 */

const PERMISSIONS = 0o777;

interface Owner {
  uid: number;
  gid: number;
}

export interface FileRights {
  owner: Owner;
  /** Undefined: access for the owner only, less what the umask removes. */
  modes: { directory: number; file: number } | undefined;
}

/** For new files that copy the modes of something else: the umask removes what the user wants nobody to have. */
export function limitByUmask(modes: FileRights['modes']): FileRights['modes'] {
  const allowed = ~process.umask();
  return modes && { directory: modes.directory & allowed, file: modes.file & allowed };
}

/** The rights of an existing database or backup: those of its directory and its key file. */
export async function rightsOf(directory: string, keyFile: string): Promise<FileRights> {
  const [{ mode, uid, gid }, key] = await Promise.all([
    atFile('read', directory, () => stat(directory)),
    lstatIfExists(join(directory, keyFile)),
  ]);
  const fileMode = key?.isFile() === true ? key.mode : mode & ~0o111;
  return { owner: { uid, gid }, modes: { directory: mode & PERMISSIONS, file: fileMode & PERMISSIONS } };
}

/** The rights for something new in the directory `parent`. */
export async function rightsBelow(parent: string): Promise<FileRights> {
  const { uid, gid } = await atFile('read', parent, () => stat(parent));
  return { owner: { uid, gid }, modes: undefined };
}

/**
 * Applies these rights to a file or a whole tree. Links are left alone. Only root can change owners; other users keep the files as their
 * own and set the group where the system allows it.
 */
export async function grantRights(path: string, rights: FileRights): Promise<void> {
  for await (const [at, info] of walkTree(path)) if (!info.isSymbolicLink()) await grantOne(at, info, rights);
}

async function grantOne(path: string, info: Stats, { owner, modes }: FileRights): Promise<void> {
  await giveTo(path, info, owner);
  const now = info.mode & PERMISSIONS;
  const wanted = (info.isDirectory() ? modes?.directory : modes?.file) ?? now & 0o700;
  if (wanted !== now) await atFile('change the mode', path, () => chmod(path, wanted));
}

async function giveTo(path: string, now: Owner, wanted: Owner): Promise<void> {
  const user = process.geteuid?.();
  if (user === undefined || (now.uid === wanted.uid && now.gid === wanted.gid)) return;
  try {
    await chown(path, user === 0 ? wanted.uid : now.uid, wanted.gid);
  } catch (error) {
    // Not a member of this group, or a root without the privilege (a container, a network disk). {@link findForeignOwner} reports it.
    if (!isForbidden(error) && systemCodeOf(error) !== 'EINVAL') throw fileError(error, 'change the owner of', path);
  }
}

/** A tree that could not be given its intended owner. */
export interface ForeignOwner {
  path: string;
  ownerId: number;
  wantedOwnerId: number;
  wantedGroupId: number;
}

/** Undefined if the tree has its intended owner. */
export async function findForeignOwner(path: string, { owner }: FileRights): Promise<ForeignOwner | undefined> {
  const { uid } = await atFile('read', path, () => stat(path));
  if (process.geteuid === undefined || uid === owner.uid) return undefined;
  return { path, ownerId: uid, wantedOwnerId: owner.uid, wantedGroupId: owner.gid };
}

/**
 * Remembers the rights in a tree while a command replaces files and adds new ones. Files with a known name get their old rights back;
 * others get the rights of the tree as a whole.
 */
export class RightsKeeper {
  private readonly root: string;
  private readonly general: FileRights;
  private readonly known = new Map<string, FileRights>();

  private constructor(root: string, general: FileRights) {
    this.root = root;
    this.general = general;
  }

  static async remember(root: string, keyFile: string): Promise<RightsKeeper> {
    const keeper = new RightsKeeper(root, await rightsOf(root, keyFile));
    for await (const [path, { uid, gid, mode }] of walkTree(root)) {
      const kept = mode & PERMISSIONS;
      keeper.known.set(path, { owner: { uid, gid }, modes: { directory: kept, file: kept } });
    }
    return keeper;
  }

  async restore(): Promise<void> {
    for await (const [path, info] of walkTree(this.root)) {
      if (!info.isSymbolicLink()) await grantOne(path, info, this.known.get(path) ?? this.general);
    }
  }
}

async function* walkTree(path: string): AsyncGenerator<[string, Stats], void> {
  const info = await lstatIfExists(path);
  if (info === undefined) return;
  if (info.isDirectory()) {
    for (const name of await atFile('read the directory', path, () => readdir(path))) yield* walkTree(join(path, name));
  }
  yield [path, info];
}
