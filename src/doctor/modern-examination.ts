import { basename, dirname, join } from 'node:path';
import { probeModernContinuation } from '../backup/modern/modern-continuation-probe.ts';
import { entriesIfThere, listIfExists } from '../base/directory-names.ts';
import { statIfExists } from '../base/durable-files.ts';
import { type GraphkeepError, hasCode } from '../base/errors.ts';
import { findRecoveredGeneration } from '../generation/recovered-generations.ts';
import type { Repository } from '../repository/opening/repository.ts';
import type { TimelineHistory } from '../repository/reading/database-history.ts';
import {
  chooseModernDatabases,
  locateModernDatabases,
  type ModernDatabase,
  type ModernLocation,
} from '../source/modern-files/modern-location.ts';
import { decodeStoreIdentity } from '../store/files/modern/store-identity.ts';
import { transactionLogVersion } from '../store/files/store-files.ts';
import { recogniseStore } from '../store/files/store-recognition.ts';
import { describeUnsupported } from '../store/files/supported-store.ts';
import {
  describeModernLocation,
  describeModernStore,
  type ModernStoreView,
  viewModernStore,
} from './database/modern-store.ts';
import { checkReadRights } from './database/read-rights.ts';
import { checkSourceDisk } from './database/source-disk.ts';
import { describeServer, type PendingRecovery, viewServer } from './database/store-state.ts';
import { checkTrees } from './database/trees.ts';
import type { DoctorOptions, TypedFiles } from './doctor-options.ts';
import { examineLog, noLog } from './files-examination.ts';
import type { Findings } from './findings/attempt.ts';
import { type DoctorFinding, failure, failureOf } from './findings/finding.ts';
import { checkFullLog } from './log/full-log.ts';
import { type LogSettings, logSettingsOfModern } from './log/log-settings.ts';
import { type ModernLogHistory, readModernLogHistory } from './log/modern-log-history.ts';
import type { LogTraffic } from './log/retention-forecast.ts';
import { checkClock } from './machine/clock.ts';
import { answerOf, type ContinuationAnswer } from './network/server-answer.ts';

/** What is known of a database of 4.2 or later from its files. */
export interface ModernView {
  place: ModernDatabase;
  storeBytes: number;
  settings: LogSettings;
  history: ModernLogHistory;
  traffic: LogTraffic | undefined;
}

/** The databases of a server of 4.2 or later, or an error that says why there is none that can be backed up. */
export type FoundModern = ModernLocation | { refusal: GraphkeepError };

/** Finds databases of 4.2 or later; undefined if there are others, or none. Errors are about the neo4j.conf that says where they are. */
export async function findModern(
  { path }: TypedFiles,
  { additionalConfig }: Pick<DoctorOptions, 'additionalConfig'>,
): Promise<FoundModern | GraphkeepError | undefined> {
  try {
    const location = await locateModernDatabases(path, additionalConfig);
    for (const database of location.databases) if (await isModern(database)) return location;
    return undefined;
  } catch (error) {
    if (hasCode(error, 'backup.missing')) return await findForeign(path);
    if (hasCode(error, 'config', 'config.unreadable')) return error;
    // Something in the way, which is told where 3.x is looked for.
    if (hasCode(error, 'file.io')) return undefined;
    throw error;
  }
}

async function isModern({ directory, logDirectory }: ModernDatabase): Promise<boolean> {
  try {
    const store = await recogniseStore(directory);
    return store.kind === 'other' && store.release.age === 'newer';
  } catch (error) {
    if (!hasCode(error, 'file.io')) throw error;
    // A store that this user may not read. Up to 3.5 a log has no directory of this name.
    return basename(dirname(logDirectory)) === 'transactions' && (await statIfExists(logDirectory)) !== undefined;
  }
}

/** Databases without the file that all others have: those in block format. */
async function findForeign(path: string): Promise<FoundModern | undefined> {
  const folders = [join(path, 'databases'), join(path, 'data', 'databases')];
  const inside = await Promise.all(
    folders.map(async (folder) => (await listIfExists(folder)).sort().map((name) => join(folder, name))),
  );
  for (const directory of [path, ...inside.flat()]) {
    const store = await recogniseStore(directory);
    if (store.kind === 'other' && store.release.age === 'newer')
      return { refusal: describeUnsupported(store, directory) };
  }
  return undefined;
}

/** Looks at each database that a backup would take. @returns those that can be backed up */
export async function examineModern(
  findings: Findings,
  found: FoundModern,
  path: string,
  options: DoctorOptions,
  signal: AbortSignal,
  nowMs: number,
): Promise<ModernView[]> {
  if ('refusal' in found) {
    findings.add(failureOf('store', found.refusal));
    return [];
  }
  const chosen = await findings.attempt('database', async () =>
    chooseModernDatabases(found.databases, options.database, path),
  );
  const views: ModernView[] = [];
  for (const database of chosen ?? []) {
    const own = findings.about({ database: database.name });
    const view = await examineDatabase(own, database, found, options, signal, nowMs);
    if (view !== undefined) views.push(view);
  }
  return views;
}

async function examineDatabase(
  findings: Findings,
  database: ModernDatabase,
  location: ModernLocation,
  { bytesPerSecond }: DoctorOptions,
  signal: AbortSignal,
  nowMs: number,
): Promise<ModernView | undefined> {
  const { directory, logDirectory } = database;
  findings.add(describeModernLocation(database, location));
  const generation = await findings.attempt('store', () => findRecoveredGeneration(directory));
  const store = generation && (await findings.attempt('store', () => viewModernStore(database, generation)));
  if (generation === undefined || store === undefined) return undefined;
  const logs = await findings.attempt('log-files', () => listLogs(logDirectory));
  if (logs === undefined) return undefined;
  if (logs.length === 0) {
    findings.add(describeModernStore(generation, store), noLog(logDirectory, NAME_CONFIG));
    return undefined;
  }
  // What cannot be read would only fail again below.
  const files = [...listReadFiles(store), ...logs];
  const rights = await findings.attempt('read-rights', async () => checkReadRights(files));
  findings.add(rights);
  if (rights?.level !== 'ok') return undefined;
  const server = await viewServer(directory);
  findings.add(await findings.attempt('source-disk', () => checkSourceDisk(database)));
  const history = await findings.attempt('log-files', () => readModernLogHistory(logDirectory, signal));
  const { kernelVersion, newest } = history ?? {};
  findings.add(
    await findings.attempt('store', async () => describeModernStore(generation, store, kernelVersion)),
    await findings.attempt('clock', () => checkClock(directory, newest?.atMs, nowMs)),
  );
  const settings = logSettingsOfModern(location.settings, store.facts.layout, kernelVersion ?? 0);
  const { checkPointIntervalMs, names } = settings;
  const surroundings = { bytesPerSecond, checkPointIntervalMs, interval: names.interval };
  findings.add(await findings.attempt('trees', () => checkTrees(store.trees, surroundings)));
  if (history === undefined) return undefined;
  findings.add(
    describeServer(server, () => pendingOf(history)),
    checkOwner(store.facts, history),
    checkFullLog(history, store.bytes, settings),
  );
  const traffic = await examineLog(findings, history, { settings, isRunning: server.kind === 'held', nowMs });
  return { place: database, storeBytes: store.bytes, settings, history, traffic };
}

const NAME_CONFIG =
  'Give --additional-config with the neo4j.conf of the server: its directories.transaction.logs.root says where the logs are.';

function pendingOf({ pending: transactions }: ModernLogHistory): PendingRecovery | undefined {
  return transactions === 0 ? undefined : { transactions, recoverer: 'the server does when it starts' };
}

async function listLogs(directory: string): Promise<string[]> {
  const isLog = (name: string) => transactionLogVersion(name) !== undefined || /^checkpoint\.\d+$/.test(name);
  return (await listIfExists(directory)).filter(isLog).map((name) => join(directory, name));
}

/** Every file that a copy reads, but those of the log. */
function listReadFiles({ list }: ModernStoreView): string[] {
  const files = [...list.plain, ...list.trees].map(({ path }) => path);
  return [...files, ...list.folders.flatMap(({ path }) => listBelow(path))];
}

/** Files of Lucene, without the lock that only its server opens. */
function listBelow(folder: string): string[] {
  return entriesIfThere(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listBelow(path);
    return entry.isFile() && entry.name !== 'write.lock' ? [path] : [];
  });
}

/** A log that belongs to another database is in the way of every recovery. */
function checkOwner(
  { creationTime, randomId }: ModernStoreView['facts'],
  history: ModernLogHistory,
): DoctorFinding | undefined {
  if (history.storeId === undefined) return undefined;
  // The rest of it tells the format, which an upgrade may change.
  const id = decodeStoreIdentity(history.storeId)?.id;
  if (id?.creationTime === creationTime && id.randomId === randomId) return undefined;
  return failure(
    'log-files',
    `the log in ${history.directory} belongs to another database than the store`,
    NAME_CONFIG,
  );
}

/** Whether the database can continue what a repository has of it. */
export async function askModern(
  { place }: ModernView,
  backup: { repository: Repository; history: TimelineHistory },
  signal: AbortSignal,
): Promise<ContinuationAnswer> {
  return await answerOf(() => probeModernContinuation(place, backup, signal));
}
