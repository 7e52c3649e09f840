import { basename, dirname } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { lstatIfExists, makeDirectory, removeTree, renameDurably, syncDirectory } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { findForeignOwner, grantRights, limitByUmask, rightsBelow } from '../../base/file-rights.ts';
import { requireRoom } from '../../base/free-room.ts';
import { withDatabaseLock } from '../../store/files/database-lock.ts';
import type { RestoreNote } from '../restore-notes.ts';
import type { DatabasePlace } from '../vacancy.ts';
import { type LaidOut, layOut, type ModernSource } from './modern-layout.ts';

/** `<data>/databases/<name>` and `<data>/transactions/<name>` */
export interface ModernRestoreOptions extends ModernSource, DatabasePlace {}

export interface ModernRestoreReport {
  readonly base: string;
  readonly transaction: number;
  readonly commitTime: Date;
  readonly files: number;
  readonly bytes: number;
  /** The version of the log at its end, as a byte: releases before it cannot open the database. */
  readonly kernelVersion: number;
  readonly notes: readonly RestoreNote[];
}

/** Modes of a server with the usual umask (spec modern-copies 7). */
export const MODERN_MODES = { directory: 0o755, file: 0o644 };
const NEW = '.graphkeep-new';
const OLD = '.graphkeep-old';

/**
 * Lays out a database of 4.2 or later as of a moment: the server completes it by its own recovery when it starts. Both directories, files
 * and log, are made beside their places, and put there at the end, the files last: no server finds half of a database.
 */
export async function restoreModern(options: ModernRestoreOptions): Promise<ModernRestoreReport> {
  const { databaseDirectory, transactionLogDirectory, choice, signal } = options;
  const { manifest } = choice;
  await makeDirectory(dirname(databaseDirectory));
  await makeDirectory(dirname(transactionLogDirectory));
  const forbidden = 'this user may not change the database';
  return await withDatabaseLock(databaseDirectory, forbidden, async () => {
    await finishInterrupted(options);
    await requireVacant(options);
    const staged = { files: `${databaseDirectory}${NEW}`, logs: `${transactionLogDirectory}${NEW}` };
    try {
      await makeDirectory(staged.files);
      await makeDirectory(staged.logs);
      await requireRoom(staged.files, manifest.bytes, 'there is not enough room for the database');
      const reached = await layOut(options, staged);
      throwIfCancelled(signal);
      const notes = await publish(options, staged);
      const { id: base, files, bytes, store } = manifest;
      return {
        base,
        ...reached,
        files,
        bytes,
        kernelVersion: reached.kernelVersion ?? store.kernelVersion ?? 0,
        notes,
      };
    } catch (error) {
      await removeTree(staged.files);
      await removeTree(staged.logs);
      throw error;
    }
  });
}

async function publish(
  { databaseDirectory, transactionLogDirectory, force }: ModernRestoreOptions,
  staged: LaidOut,
): Promise<RestoreNote[]> {
  const rights = { ...(await rightsBelow(dirname(databaseDirectory))), modes: limitByUmask(MODERN_MODES) };
  await grantRights(staged.files, rights);
  await grantRights(staged.logs, rights);
  if (force) {
    // The files first: what is left of the old database is none any more, until it is brought back.
    await moveIfThere(databaseDirectory, `${databaseDirectory}${OLD}`);
    await moveIfThere(transactionLogDirectory, `${transactionLogDirectory}${OLD}`);
  }
  await renameDurably(staged.logs, transactionLogDirectory);
  await renameDurably(staged.files, databaseDirectory);
  await removeTree(`${databaseDirectory}${OLD}`);
  await removeTree(`${transactionLogDirectory}${OLD}`);
  await syncDirectory(dirname(databaseDirectory));
  const foreign = await findForeignOwner(databaseDirectory, rights);
  return foreign === undefined ? [] : [{ kind: 'foreign-owner', ...foreign }];
}

/** Removes what a killed run left. If it had moved the old database aside and not put the new one in its place, the old one comes back. */
async function finishInterrupted({ databaseDirectory, transactionLogDirectory }: ModernRestoreOptions): Promise<void> {
  const places = [transactionLogDirectory, databaseDirectory];
  for (const place of places) await removeTree(`${place}${NEW}`);
  const isOldAway = (await lstatIfExists(`${databaseDirectory}${OLD}`)) !== undefined;
  const isThere = (await lstatIfExists(databaseDirectory)) !== undefined;
  if (isOldAway && !isThere) {
    // The logs of the new one may be there already.
    if ((await lstatIfExists(`${transactionLogDirectory}${OLD}`)) !== undefined) {
      await removeTree(transactionLogDirectory);
      await renameDurably(`${transactionLogDirectory}${OLD}`, transactionLogDirectory);
    }
    await renameDurably(`${databaseDirectory}${OLD}`, databaseDirectory);
    return;
  }
  for (const place of places) await removeTree(`${place}${OLD}`);
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if ((await lstatIfExists(from)) !== undefined) await renameDurably(from, to);
}

/** Without `force` neither directory may be there. @throws GraphkeepError `database.exists` */
export async function requireVacant({
  databaseDirectory,
  transactionLogDirectory,
  databaseName,
  force,
}: DatabasePlace): Promise<void> {
  if (force) return;
  for (const place of [databaseDirectory, transactionLogDirectory]) {
    if ((await lstatIfExists(place)) === undefined) continue;
    throw new GraphkeepError('database.exists', `Database with name [${databaseName}] already exists at ${place}`, {
      place: { file: basename(place) === databaseName ? place : dirname(place) },
      hint: 'With --force it is replaced. Without, choose another place with --to.',
    });
  }
}
