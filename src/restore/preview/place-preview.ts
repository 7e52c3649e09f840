import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError, atFile, forbiddenError } from '../../base/file-errors.ts';
import { type FileRights, limitByUmask, rightsBelow, rightsOf } from '../../base/file-rights.ts';
import { type LockView, viewLocks } from '../../base/lock-holders.ts';
import { findRenameObstacle } from '../../base/replaceable-directory.ts';
import { DATABASE_LOCK_FILE } from '../../store/files/modern/modern-files.ts';
import { METADATA_FILE, STORE_LOCK_FILE } from '../../store/files/store-files.ts';
import { MODERN_MODES, requireVacant } from '../modern/modern-restore.ts';
import { previewExchange } from '../staged-database.ts';
import { type DatabasePlace, requireVacancy } from '../vacancy.ts';

/** What a restore would find where the database goes. */
export interface PlacePreview {
  /** A database, or something else, is there now. */
  exists: boolean;
  /** Whether a server, or another command, works on it; without a lock that is seen it may still be in another container. */
  use: LockView;
  /** Whose the files will be; undefined where the system has no owners. */
  owner: FileRights['owner'] | undefined;
  /** Whose they should be, if this user may not give them away. */
  wantedOwner: FileRights['owner'] | undefined;
  modes: { directory: number; file: number };
  /** Undefined where the file system does not tell. */
  freeBytes: number | undefined;
  /** Why a restore would fail here. */
  problems: readonly GraphkeepError[];
}

const MAY_CHANGE = constants.R_OK | constants.W_OK | constants.X_OK;
const OWNER_ONLY = { directory: 0o700, file: 0o600 };

/** Looks at the place of a database as a restore does, but takes no lock and makes nothing. */
export async function previewPlace(place: DatabasePlace, isModern: boolean): Promise<PlacePreview> {
  const { databaseDirectory } = place;
  const problems: GraphkeepError[] = [];
  const attempt = async (check: () => Promise<void>): Promise<void> => {
    try {
      await check();
    } catch (caught) {
      const error = asGraphkeepError(caught);
      if (error.code === 'internal') throw error;
      problems.push(error);
    }
  };
  await attempt(() => (isModern ? requireVacant(place) : requireVacancy(place)));
  const use = await viewUse(databaseDirectory);
  if (use.kind === 'held') problems.push(inUse(use));
  await attempt(() => (isModern ? requireModernPlace(place) : requirePlace(place)));
  const base = await nearestDirectory(dirname(databaseDirectory));
  const exists = (await statIfExists(databaseDirectory)) !== undefined;
  const { owner: wanted, modes } = await rightsOfNew(place, { base, exists, isModern });
  const owner = ownerFor(wanted);
  const { bavail, bsize, blocks } = await atFile('read the file system', base, () => statfs(base));
  return {
    exists,
    use,
    owner,
    wantedOwner: owner === undefined || owner.uid === wanted.uid ? undefined : wanted,
    modes: modes ?? OWNER_ONLY,
    freeBytes: blocks === 0 ? undefined : bavail * bsize,
    problems,
  };
}

/** A server of 3.5 or later has one lock for all of its databases; all have one in the database too, by different names. */
function viewUse(directory: string): Promise<LockView> {
  return viewLocks([
    join(dirname(directory), STORE_LOCK_FILE),
    join(directory, STORE_LOCK_FILE),
    join(directory, DATABASE_LOCK_FILE),
  ]);
}

function inUse({ process }: LockView & { kind: 'held' }): GraphkeepError {
  return new GraphkeepError('directory.in-use', 'the database is in use -- stop Neo4j and try again', {
    ...(process === undefined ? {} : { observed: `process ${process}` }),
  });
}

async function requirePlace(place: DatabasePlace): Promise<void> {
  const parent = dirname(place.databaseDirectory);
  if ((await statIfExists(parent)) === undefined) await requireMakeable(parent);
  else await previewExchange(place);
}

async function requireModernPlace({ databaseDirectory, transactionLogDirectory }: DatabasePlace): Promise<void> {
  for (const path of [databaseDirectory, transactionLogDirectory]) {
    const parent = dirname(path);
    await requireMakeable(parent);
    const obstacle = (await statIfExists(parent)) === undefined ? undefined : await findRenameObstacle(path);
    if (obstacle !== undefined) throw new GraphkeepError('directory.forbidden', obstacle, { place: { file: path } });
  }
}

/** Files and directories can be made there, also if it has to be made itself. */
async function requireMakeable(directory: string): Promise<void> {
  const base = await nearestDirectory(directory);
  try {
    await access(base, MAY_CHANGE);
  } catch (error) {
    throw forbiddenError(error, 'this user may not change the directory', base);
  }
}

async function nearestDirectory(path: string): Promise<string> {
  let at = path;
  while ((await statIfExists(at))?.isDirectory() !== true && at !== dirname(at)) at = dirname(at);
  return at;
}

async function rightsOfNew(
  { databaseDirectory }: DatabasePlace,
  { base, exists, isModern }: { base: string; exists: boolean; isModern: boolean },
): Promise<FileRights> {
  // A replaced database of 3.x hands its rights down.
  if (exists && !isModern) return await rightsOf(databaseDirectory, METADATA_FILE);
  const isMade = base !== dirname(databaseDirectory);
  const { owner } = await rightsBelow(base);
  const own = { uid: process.geteuid?.() ?? owner.uid, gid: process.getegid?.() ?? owner.gid };
  return { owner: isMade ? own : owner, modes: isModern ? limitByUmask(MODERN_MODES) : undefined };
}

/** Only root can give files away. */
function ownerFor(wanted: FileRights['owner']): FileRights['owner'] | undefined {
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  return user === 0 || user === wanted.uid ? wanted : { uid: user, gid: wanted.gid };
}
