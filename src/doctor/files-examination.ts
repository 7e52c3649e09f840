import { measureTree } from '../base/tree-size.ts';
import { locateServer, type ServerLocation } from '../config/database-location.ts';
import { settings } from '../config/settings.ts';
import { LiveFilesSource } from '../source/live-files/live-files-source.ts';
import { classifyDatabaseFile } from '../store/files/store-files.ts';
import { checkReadRights } from './database/read-rights.ts';
import { checkSourceDisk } from './database/source-disk.ts';
import { describeLocation, describeServer, describeStore, viewServer } from './database/store-state.ts';
import type { ConfiguredOptions, TypedFiles } from './doctor-options.ts';
import type { Findings } from './findings/attempt.ts';
import { type DoctorFinding, failure } from './findings/finding.ts';
import { checkCheckPoint } from './log/check-point.ts';
import { checkOpenFiles, describeLogFiles, readOpenFileLimit } from './log/log-files.ts';
import { type LogHistory, readLogHistory } from './log/log-history.ts';
import { checkLogSettings, checkRetention, describeTraffic } from './log/retention.ts';
import { type LogTraffic, measureTraffic } from './log/retention-forecast.ts';
import { checkClock } from './machine/clock.ts';
import { checkTimeLimit } from './machine/resources.ts';
import { askContinuation, type ContinuationAnswer } from './network/server-answer.ts';
import type { ExistingBackup } from './target/existing-backup.ts';

/** What is known of a database from its files. */
export interface LiveView {
  location: ServerLocation;
  storeBytes: number;
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
  const rights = await findings.attempt('read-rights', () => checkReadRights(location));
  findings.add(rights);
  if (rights?.level !== 'ok') return { location, storeBytes, history: undefined, traffic: undefined };
  const store = await findings.attempt('store', () => describeStore(location, storeBytes));
  if (store === undefined) return undefined;
  findings.add(store);
  const server = await viewServer(directory);
  findings.add(await findings.attempt('server', async () => describeServer(server, logDirectory)));
  findings.add(await findings.attempt('source-disk', () => checkSourceDisk(location)));
  const history = await findings.attempt('log-files', () => readLogHistory(logDirectory, signal));
  findings.add(await findings.attempt('clock', () => checkClock(directory, history?.newest?.atMs, nowMs)));
  const traffic = history && measureTraffic(history, config.get(settings.rotationSizeBytes), nowMs);
  if (history === undefined) {
    if (!findings.list.some(({ check }) => check === 'log-files')) findings.add(noLog(logDirectory));
    return { location, storeBytes, history, traffic };
  }
  findings.add(
    describeLogFiles(history),
    checkOpenFiles(history, await readOpenFileLimit()),
    checkCheckPoint(history, { config, isRunning: server.kind === 'held', nowMs }),
    describeTraffic(traffic),
    checkRetention(history, traffic, config, nowMs),
    checkLogSettings(config),
  );
  return { location, storeBytes, history, traffic };
}

function noLog(directory: string): DoctorFinding {
  const remedy =
    'Set NEO4J_CONF to the directory with neo4j.conf of the server: dbms.directories.tx_log says where the logs are.';
  return failure('log-files', `no transaction log is in ${directory}`, remedy);
}

/** Everything but logs: what a copy has in the end, too. */
async function measureStore(directory: string): Promise<number> {
  const isStore = (name: string) => !['transaction-log', 'server-diary', 'lock'].includes(classifyDatabaseFile(name));
  return (await measureTree(directory, (name, isDirectory) => isDirectory || isStore(name))).bytes;
}

/** Whether the files can continue a backup. */
export async function askFiles(
  location: ServerLocation,
  backup: ExistingBackup,
  signal: AbortSignal,
): Promise<ContinuationAnswer> {
  const source = new LiveFilesSource(location);
  try {
    return await askContinuation(source, backup, signal);
  } finally {
    await source.close();
  }
}
