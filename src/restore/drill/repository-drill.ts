import { GraphkeepError } from '../../base/errors.ts';
import { requireRoom } from '../../base/free-room.ts';
import { ScratchDirectory } from '../../base/scratch-directory.ts';
import type { Manifest } from '../../repository/catalogue/manifest.ts';
import type { MarkName } from '../../repository/catalogue/mark-name.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import type { Moment } from '../../repository/catalogue/restore-plan.ts';
import { type MarkContent, tryToMark, type UnwrittenMark } from '../../repository/marks/mark-store.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { chooseRestore } from '../../repository/reading/restore-choice.ts';
import type { RebuildOptions } from '../repository-restore.ts';
import { drillReplayed, type ReplayedDatabase } from './replayed-drill.ts';
import { type DrillServer, drillServed, type ServedDatabase, type ServerStep } from './served-drill.ts';

/** Directories of drills, below that for scratch. */
const PREFIX = 'graphkeep-drill';

export interface DrillOptions extends RebuildOptions {
  /** The key of the database in the repository. */
  readonly database: string;
  readonly moment: Moment;
  /** An existing directory with room for the database. */
  readonly scratch: string;
  /** For a database of 4.2 or later. */
  readonly server?: DrillServer;
  readonly onStep?: (step: ServerStep) => void;
  /** The repository may be one that this user cannot write. */
  readonly onUnwritten: (mark: UnwrittenMark) => void;
}

/** What was read, and what came of it. */
export type DrillReport = { readonly base: string; readonly files: number; readonly bytes: number } & (
  | ReplayedDatabase
  | ServedDatabase
);

/**
 * Proves that a moment can be restored: restores it into a directory that is removed afterwards, checks it as a whole, and records in the
 * repository what came of it. A database of 4.2 or later is recovered and checked by a server of its own there.
 */
export async function drillRepository(options: DrillOptions): Promise<DrillReport> {
  const { repository, database, moment, signal, scratch } = options;
  const { store, settings } = repository;
  const histories = await readHistory(store, database, signal);
  const choice = chooseRestore(histories, moment, databaseAddress(store.address, database));
  const { manifest } = choice;
  const server = chooseServer(manifest, options);
  const marks = histories.find(({ timeline }) => timeline.id === manifest.timeline)!.marks;
  const neededKey = settings.encryption.method === 'age';
  const opener = server === undefined ? {} : { server: server.installed.release.text };
  const asked = { moment: formatMoment(moment), ...opener, neededKey };
  const record = (content: MarkContent) => recordMark(options, manifest, content, marks);
  const { id: base, files, bytes } = manifest;
  const place = await ScratchDirectory.create(scratch, PREFIX);
  let found: ReplayedDatabase | ServedDatabase;
  try {
    await requireRoom(place.path, bytes, 'there is not enough room to restore the database for a while');
    found =
      server === undefined
        ? await drillReplayed(options, choice, place.path)
        : await drillServed(options, choice, place.path, server);
  } catch (error) {
    const failure = faultOf(error);
    if (failure !== undefined) await record({ kind: 'proof', ...asked, result: 'failed', failure });
    throw error;
  } finally {
    await place.remove();
  }
  const { check, transaction, commitTime, nodes, relationships, restoreMs, checkMs } = found;
  const { errors, warnings, consistent } = check;
  const known = nodes === undefined || relationships === undefined ? {} : { nodes, relationships };
  const isRecorded = await record({
    kind: 'proof',
    ...asked,
    result: consistent ? 'sound' : 'inconsistent',
    errors,
    warnings,
    ...known,
    files,
    bytes,
    transaction,
    commitTime,
    restoreMs,
    checkMs,
  });
  if (isRecorded && neededKey) await record({ kind: 'key' });
  return { base, files, bytes, ...found };
}

/** Undefined for a database that needs none. @throws GraphkeepError `usage` if there is none, `server.version` if it is too old */
function chooseServer({ store }: Manifest, { server }: DrillOptions): DrillServer | undefined {
  if (store.kernelVersion === undefined) return undefined;
  if (server === undefined) {
    throw new GraphkeepError('usage', 'only a server can recover a database of 4.2 or later: give --server-home', {
      hint: 'Name the home of a server of the release that the database is of, or a later one. Its files stay as they are.',
    });
  }
  server.installed.release.requireOpens(store.kernelVersion);
  return server;
}

/** @returns whether it was written */
async function recordMark(
  { repository, signal, onUnwritten }: DrillOptions,
  base: Manifest,
  content: MarkContent,
  marks: readonly MarkName[],
): Promise<boolean> {
  const unwritten = await tryToMark(repository.store, base, content, marks, signal);
  if (unwritten !== undefined) onUnwritten(unwritten);
  return unwritten === undefined;
}

/** As `--until` takes it. */
function formatMoment(moment: Moment): string {
  switch (moment.kind) {
    case 'latest':
      return 'latest';
    case 'transaction':
      return String(moment.transaction);
    case 'time':
      return moment.time.toISOString();
    default:
      return moment satisfies never;
  }
}

/** What an error says against the repository; undefined if its cause is elsewhere, as with a wrong key or a full disk. */
function faultOf(error: unknown): string | undefined {
  return error instanceof GraphkeepError && FAULTS.test(error.code) ? error.code : undefined;
}

const FAULTS =
  /^(repository\.object-.*|object\.(missing|damaged)|peer\..*|store\..*|log\..*|file\.corrupt|server\.refuses-database)$/;
