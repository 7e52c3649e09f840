import type { BackupOptions } from '../backup/backup-options.ts';
import { GraphkeepError } from '../base/errors.ts';
import { measureTree } from '../base/tree-size.ts';
import { locateServer, type ServerLocation } from '../config/database-location.ts';
import { ClientConfig } from '../config/neo4j-conf.ts';
import { settings } from '../config/settings.ts';
import type { ServerAddress } from '../net/server-address.ts';
import { LiveFilesSource } from '../source/live-files/live-files-source.ts';
import { classifyDatabaseFile } from '../store/files/store-files.ts';
import { checkReadRights } from './database/read-rights.ts';
import { checkSourceDisk } from './database/source-disk.ts';
import { describeLocation, describeServer, describeStore, viewServer } from './database/store-state.ts';
import { Findings } from './findings/attempt.ts';
import { type DoctorFinding, type DoctorLevel, failure, failureOf, inOrder, unseen } from './findings/finding.ts';
import { checkCheckPoint } from './log/check-point.ts';
import { describeBreak, describeContinuation, describeLiveContinuation, missingLogBytes } from './log/continuation.ts';
import { checkOpenFiles, describeLogFiles, readOpenFileLimit } from './log/log-files.ts';
import { type LogHistory, readLogHistory } from './log/log-history.ts';
import { checkLogSettings, checkRetention, describeTraffic } from './log/retention.ts';
import { type LogTraffic, measureTraffic } from './log/retention-forecast.ts';
import { checkClock } from './machine/clock.ts';
import { checkMemory, checkTimeLimit } from './machine/resources.ts';
import { askContinuation, askServer, type ContinuationAnswer } from './network/server-answer.ts';
import { readTlsPolicy } from './network/tls-policy.ts';
import { describeBackup, describeDamage, type ExistingBackup, readExistingBackup } from './target/existing-backup.ts';
import { findLeftovers } from './target/leftovers.ts';
import { checkRoom, roomOfFull, roomOfIncremental, type WantedRoom } from './target/room.ts';
import { checkInodes, checkSameDisk, checkTargetDisk } from './target/target-disk.ts';
import { checkTargetInUse, checkTargetRights } from './target/target-rights.ts';
import { describeTarget, type TargetView, type TypedTarget, viewTarget } from './target/target-view.ts';

/*
 * Predicts whether backups will succeed, before they are needed. It asks what a backup would ask, in the same order and with the same code
 * where there is some, but takes no lock, makes no file, and begins no copy. Each question ends in a finding; an error with which a backup
 * would end is a finding too.
 */

/** A database that is read from its files, as typed: an absolute path. */
export interface TypedFiles {
  path: string;
}

export interface DoctorOptions {
  /** What is backed up; undefined: only the target is looked at. */
  from: ServerAddress | TypedFiles | undefined;
  /** Where backups go; undefined: only the source is looked at. */
  to: TypedTarget | undefined;
  protocol: BackupOptions['protocol'];
  /** Longest wait for each answer of a server, in milliseconds; more than 0. */
  timeoutMs: number;
  /** Most bytes per second that a backup reads of store files. */
  bytesPerSecond: number | undefined;
  /** Memory that a backup may use for changes and pages. */
  memoryBudgetBytes: number;
  /** The configuration of this command, or why it cannot be read: then only the target is looked at. */
  config: ClientConfig | GraphkeepError;
  /** The user has named the configuration, so none is looked for near the database. `configFile`: which one, for the report. */
  isNamed: boolean;
  configFile: string | undefined;
}

export interface Diagnosis {
  /** The worst level of the findings; `unknown` counts as `ok`. */
  verdict: 'ok' | 'warn' | 'fail';
  findings: readonly DoctorFinding[];
}

/** What is known of a database from its files. */
interface LiveView {
  location: ServerLocation;
  storeBytes: number;
  history: LogHistory | undefined;
  traffic: LogTraffic | undefined;
}

/** @throws GraphkeepError `cancelled`, `usage` for a time limit of 0, which would be none */
export async function examineBackups(options: DoctorOptions, signal: AbortSignal, nowMs: number): Promise<Diagnosis> {
  const { config, to } = options;
  if (options.timeoutMs <= 0) throw new GraphkeepError('usage', 'the timeout must be more than 0');
  const findings = new Findings();
  findings.add(checkMemory(options.memoryBudgetBytes), describeConfiguration(config));
  const target = to === undefined ? undefined : await findings.attempt('target', () => viewTarget(to));
  const backup = target?.state === 'backup' ? await readBackup(target) : undefined;
  const source =
    config instanceof ClientConfig
      ? await examineSource(findings, { ...options, config }, backup?.is, signal, nowMs)
      : {};
  if (target !== undefined) {
    await examineTarget(findings, target, { backup, ...source, isAsked: options.from !== undefined, nowMs });
  }
  return { verdict: verdictOf(findings.list), findings: findings.list };
}

function describeConfiguration(config: DoctorOptions['config']): DoctorFinding {
  return config instanceof ClientConfig
    ? inOrder('configuration', 'the settings of this command can be read')
    : failureOf('configuration', config);
}

/** What is seen of the source; empty if there is none, or if it cannot be seen. */
interface SourceView {
  live?: LiveView | undefined;
  answer?: ContinuationAnswer | undefined;
}

type ConfiguredOptions = DoctorOptions & { config: ClientConfig };

async function examineSource(
  findings: Findings,
  options: ConfiguredOptions,
  backup: ExistingBackup | undefined,
  signal: AbortSignal,
  nowMs: number,
): Promise<SourceView> {
  const { from } = options;
  if (from === undefined) return {};
  if (!('path' in from)) return { answer: await examineServer(findings, from, options, backup, signal) };
  const live = await examineFiles(findings, from, options, signal, nowMs);
  if (live?.history === undefined || backup === undefined) return { live };
  return { live, answer: await askFiles(live.location, backup, signal) };
}

function verdictOf(findings: readonly DoctorFinding[]): Diagnosis['verdict'] {
  const has = (level: DoctorLevel) => findings.some((finding) => finding.level === level);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}

/** The backup, or why it is none that can be continued. */
type FoundBackup = { is: ExistingBackup; error?: undefined } | { is?: undefined; error: unknown };

async function readBackup({ places }: TargetView): Promise<FoundBackup> {
  try {
    return { is: await readExistingBackup(places.path) };
  } catch (error) {
    return { error };
  }
}

async function examineFiles(
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

async function askFiles(
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

async function examineServer(
  findings: Findings,
  from: ServerAddress,
  options: ConfiguredOptions,
  backup: ExistingBackup | undefined,
  signal: AbortSignal,
): Promise<ContinuationAnswer | undefined> {
  const { config, protocol, timeoutMs } = options;
  findings.add(checkTimeLimit(config, { bytesPerSecond: undefined, copyBytes: undefined }));
  const tls = await findings.attempt('tls-policy', () => readTlsPolicy(config));
  if (tls === undefined) return undefined;
  findings.add(...tls.findings);
  if (tls.policy === undefined && tls.findings.length > 0) {
    findings.add(unseen('protocol', 'the server is not asked before there is a key'), retentionOfServer());
    return undefined;
  }
  const asked = { from, protocol, timeoutMs, config, sslPolicy: tls.policy };
  const answer = await findings.attempt('protocol', () => askServer(asked, backup, signal));
  findings.add(answer?.protocol, retentionOfServer());
  return answer?.continuation;
}

function retentionOfServer(): DoctorFinding {
  const observed = 'how long the server keeps its log cannot be seen from here';
  const remedy =
    'Run graphkeep doctor --from=file:PATH on the machine of the server, or compare dbms.tx_log.rotation.retention_policy there.';
  return unseen('retention', observed, remedy);
}

interface Surroundings extends SourceView {
  backup: FoundBackup | undefined;
  /** A source was named. */
  isAsked: boolean;
  nowMs: number;
}

async function examineTarget(findings: Findings, target: TargetView, surroundings: Surroundings): Promise<void> {
  const { backup, live, answer, nowMs } = surroundings;
  const inUse = await checkTargetInUse(target);
  findings.add(
    await findings.attempt('target', () => describeTarget(target)),
    await findings.attempt('target-rights', () => checkTargetRights(target)),
    inUse,
    await findings.attempt('leftovers', () => findLeftovers(target, inUse.level !== 'ok')),
    await findings.attempt('target-disk', () => checkTargetDisk(target)),
    live && (await findings.attempt('same-disk', () => checkSameDisk(target, live.location.directory))),
    await findings.attempt('room', () => checkRoom(target, wantedRoom(surroundings))),
    await findings.attempt('inodes', () => checkInodes(target)),
  );
  if (backup?.is === undefined) {
    if (backup !== undefined) findings.add(describeDamage(backup.error, inUse.level !== 'ok'));
    return;
  }
  const { last } = backup.is;
  findings.add(describeBackup(backup.is, nowMs));
  if (answer === undefined) return;
  if ('refusal' in answer) findings.add(describeBreak(answer.refusal));
  else if (live?.history === undefined) findings.add(describeContinuation(last.id, answer.hasNew));
  else {
    const { traffic, location } = live;
    findings.add(
      describeLiveContinuation(last.id, answer.hasNew, live.history, { config: location.config, traffic, nowMs }),
    );
  }
}

function wantedRoom({ backup, live, answer, isAsked }: Surroundings): WantedRoom {
  const isIncremental = backup?.is !== undefined && (answer === undefined ? !isAsked : 'hasNew' in answer);
  const logBytes = live?.history?.checkPoint?.bytesSince ?? live?.history?.bytes ?? 0;
  const fullBytes = live === undefined ? backup?.is?.bytes : roomOfFull(live.storeBytes, logBytes);
  const missing =
    isIncremental && live?.history !== undefined ? missingLogBytes(backup.is.last.id, live.history) : undefined;
  return { fullBytes, incrementalBytes: missing === undefined ? undefined : roomOfIncremental(missing), isIncremental };
}
