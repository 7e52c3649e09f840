import { measureTree } from '../base/tree-size.ts';
import { locateServer } from '../config/database-location.ts';
import type { DatabasePlace } from '../source/live-files/live-database.ts';
import { LiveFilesSource } from '../source/live-files/live-files-source.ts';
import { classifyDatabaseFile } from '../store/files/store-files.ts';
import { checkReadRights, listReadFiles } from './database/read-rights.ts';
import { checkSourceDisk } from './database/source-disk.ts';
import { describeLocation, describeServer, describeStore, findPending, viewServer } from './database/store-state.ts';
import type { ConfiguredOptions, TypedFiles } from './doctor-options.ts';
import type { Findings } from './findings/attempt.ts';
import { type DoctorFinding, failure } from './findings/finding.ts';
import { checkCheckPoint } from './log/check-point.ts';
import { checkOpenFiles, describeLogFiles, readOpenFileLimit } from './log/log-files.ts';
import { type LogHistory, readLogHistory } from './log/log-history.ts';
import { type LogSettings, logSettingsOf3 } from './log/log-settings.ts';
import { checkLogSettings, checkRetention, describeTraffic } from './log/retention.ts';
import { type LogTraffic, measureTraffic } from './log/retention-forecast.ts';
import { checkClock } from './machine/clock.ts';
import { checkTimeLimit } from './machine/resources.ts';
import { askContinuation, type ContinuationAnswer } from './network/server-answer.ts';
import type { KnownBackup } from './target/existing-backup.ts';

const NAME_CONFIG =
  'Set NEO4J_CONF to the directory with neo4j.conf of the server: dbms.directories.tx_log says where the logs are.';

/** What is known of a database from its files. */
export interface LiveView {
  place: DatabasePlace;
  storeBytes: number;
  settings: LogSettings;
  history: LogHistory | undefined;
  traffic: LogTraffic | undefined;
}

/** Looks at a database and its log. Undefined if there is none that can be backed up. */
export async function examineFiles(
  findings: Findings,
  { path }: TypedFiles,
  options: ConfiguredOptions,
  signal: AbortSignal,
  nowMs: number,
): Promise<LiveView | undefined> {
  const { config: given, isNamed, configFile, bytesPerSecond } = options;
  const location = await findings.attempt('database', () => locateServer(path, { config: given, isNamed }));
  if (location === undefined) return undefined;
  const { directory, logDirectory, config } = location;
  findings.add(describeLocation(location, configFile));
  const storeBytes = await measureStore(directory);
  findings.add(checkTimeLimit(given, { bytesPerSecond, copyBytes: storeBytes }));
  // What cannot be read would only fail again below.
  const rights = await findings.attempt('read-rights', async () => checkReadRights(await listReadFiles(location)));
  findings.add(rights);
  const view = { place: location, storeBytes, settings: logSettingsOf3(config) };
  if (rights?.level !== 'ok') return { ...view, history: undefined, traffic: undefined };
  const store = await findings.attempt('store', () => describeStore(location, storeBytes));
  if (store === undefined) return undefined;
  findings.add(store);
  const server = await viewServer(directory);
  findings.add(await findings.attempt('server', async () => describeServer(server, () => findPending(logDirectory))));
  findings.add(await findings.attempt('source-disk', () => checkSourceDisk(location)));
  const history = await findings.attempt('log-files', () => readLogHistory(logDirectory, signal));
  findings.add(await findings.attempt('clock', () => checkClock(directory, history?.newest?.atMs, nowMs)));
  if (history === undefined) {
    if (!findings.list.some(({ check }) => check === 'log-files')) findings.add(noLog(logDirectory, NAME_CONFIG));
    return { ...view, history, traffic: undefined };
  }
  const traffic = await examineLog(findings, history, { ...view, isRunning: server.kind === 'held', nowMs });
  return { ...view, history, traffic };
}

/** What is the same for the logs of all releases. */
export async function examineLog(
  findings: Findings,
  history: LogHistory,
  { settings, isRunning, nowMs }: Pick<LiveView, 'settings'> & { isRunning: boolean; nowMs: number },
): Promise<LogTraffic | undefined> {
  const traffic = measureTraffic(history, settings.rotationBytes, nowMs);
  findings.add(
    describeLogFiles(history),
    checkOpenFiles(history, await readOpenFileLimit(), settings.names.rotation),
    checkCheckPoint(history, { settings, isRunning, nowMs }),
    describeTraffic(traffic),
    checkRetention(history, traffic, settings, nowMs),
    checkLogSettings(settings),
  );
  return traffic;
}

/** `remedy`: how to say where it is. */
export function noLog(directory: string, remedy: string): DoctorFinding {
  return failure('log-files', `no transaction log is in ${directory}`, remedy);
}

/** Everything but logs: what a copy has in the end, too. */
async function measureStore(directory: string): Promise<number> {
  const isStore = (name: string) => !['transaction-log', 'server-diary', 'lock'].includes(classifyDatabaseFile(name));
  return (await measureTree(directory, (name, isDirectory) => isDirectory || isStore(name))).bytes;
}

/** Whether the files can continue a backup. */
export async function askFiles(
  place: DatabasePlace,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<ContinuationAnswer> {
  const source = new LiveFilesSource(place);
  try {
    return await askContinuation(source, backup, signal);
  } finally {
    await source.close();
  }
}
