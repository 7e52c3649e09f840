import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listIfExists } from '../../base/directory-names.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { viewLock } from '../../base/lock-holders.ts';
import type { RecoveredGeneration } from '../../generation/generation.ts';
import { LOG_FILE_PREFIX, logFileName } from '../../log/log-files.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { describeKernelVersion } from '../../log/modern/fields/kernel-version.ts';
import { dataStartOf, type ModernLogHeader, readModernLogHeader } from '../../log/modern/fields/log-header.ts';
import type { LoggedTransaction } from '../../log/modern/fields/logged-transaction.ts';
import { type ModernLogOutlook, readLogOutlook } from '../../log/modern/log-outlook.ts';
import { TransactionReader } from '../../log/modern/transaction-reader.ts';
import { locateModernDatabases } from '../../source/modern-files/modern-location.ts';
import type { ModernMetadata } from '../../store/files/modern/modern-metadata.ts';
import { STORE_LOCK_FILE } from '../../store/files/store-files.ts';
import type { FileFault } from '../../store/files/store-recognition.ts';
import type { Inspection } from './inspection-report.ts';

/** What is known of a database of 4.2 or later: everything but its records, which only its server reads. */
export type ModernInspection = Pick<
  Inspection,
  'directory' | 'inUse' | 'store' | 'faults' | 'lastTransaction' | 'log' | 'problems'
>;

/**
 * Reads metadata and log of a database of 4.2 or later. Its server may be at work.
 * @throws GraphkeepError for metadata that cannot be read, or a bad neo4j.conf beside it
 */
export async function inspectModern(directory: string, generation: RecoveredGeneration): Promise<ModernInspection> {
  const facts = generation.readFacts(directory);
  const { databases } = await locateModernDatabases(directory);
  const { logDirectory } = databases[0]!;
  const problems: string[] = [];
  const found = await lookAtLog(logDirectory, facts, problems);
  const { creationTime, randomId, format } = facts;
  return {
    directory,
    inUse: await isInUse(directory, generation),
    store: {
      createdAt: new Date(creationTime).toISOString(),
      randomId: BigInt.asUintN(64, randomId).toString(16).padStart(16, '0'),
      version: format,
      format: nameOf(format),
      release: generation.releases,
    },
    faults: await findFaults(directory, generation),
    lastTransaction: found?.last ?? { id: facts.lastTransaction ?? 1, committedAt: undefined },
    log: await describeLog(logDirectory, found),
    problems,
  };
}

/** `record-aligned-1.1` and `AF4.3.0` are both aligned. */
function nameOf(format: string): string {
  const [, name] = /^record-(\w+)-/.exec(format) ?? [];
  return name ?? { A: 'aligned', S: 'standard', H: 'high_limit' }[format[0]!] ?? format;
}

async function isInUse(directory: string, { files }: RecoveredGeneration): Promise<boolean> {
  const locks = [join(directory, files.lockFile), join(dirname(directory), STORE_LOCK_FILE)];
  const views = await Promise.all(locks.map((path) => viewLock(path)));
  return views.some(({ kind }) => kind === 'held');
}

async function findFaults(directory: string, { files }: RecoveredGeneration): Promise<FileFault[]> {
  const names = new Set(await listIfExists(directory));
  return files.mandatory.filter((name) => !names.has(name)).map((name) => ({ name, fault: 'missing' }));
}

interface FoundLog {
  readonly outlook: ModernLogOutlook;
  readonly last: Inspection['lastTransaction'];
  readonly kernelVersion: number | undefined;
  readonly firstTransaction: number | undefined;
}

const ATTEMPTS = 3;

/** What the log says; undefined if there is none, or none that can be read, which is a problem. */
async function lookAtLog(directory: string, facts: ModernMetadata, problems: string[]): Promise<FoundLog | undefined> {
  const hasLog = (await listIfExists(directory)).some((name) => name.startsWith(LOG_FILE_PREFIX));
  if (!hasLog) return undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await openLog(directory, facts, problems);
    } catch (error) {
      if (!(error instanceof GraphkeepError)) throw error;
      // A server at work has removed files between two looks at the directory.
      if (error.code === 'log.gap' && attempt < ATTEMPTS) continue;
      problems.push(`log: ${describeError(error)}`);
      return undefined;
    }
  }
}

async function openLog(directory: string, facts: ModernMetadata, problems: string[]): Promise<FoundLog> {
  const files = new LogFileSet(directory);
  try {
    files.pin();
    const found = await readLog(files, directory);
    if (!isLogOf(files, facts)) problems.push('log: it belongs to another database than the store');
    return found;
  } finally {
    files.close();
  }
}

/** Creation time and random number agree; the rest of a store id tells the format, which an upgrade may change. */
function isLogOf(files: LogFileSet, { layout, storeId }: ModernMetadata): boolean {
  const header = readModernLogHeader(files, files.lowest!);
  const [from, to] = layout === 4 ? [0, 16] : [1, 17];
  return header === undefined || header.storeId.subarray(from, to).equals(storeId.subarray(from, to));
}

async function readLog(files: LogFileSet, directory: string): Promise<FoundLog> {
  const outlook = await readLogOutlook(files, directory);
  const header = readModernLogHeader(files, files.lowest!);
  const first = header === undefined ? undefined : header.last + 1;
  const { checkPoint } = outlook;
  const newest = readModernLogHeader(files, outlook.from.version)!;
  const last = outlook.last ?? (await lastIn(files, newest));
  const covered = last ?? checkPoint?.transaction;
  const id = covered?.id ?? newest.last;
  return {
    outlook,
    last: { id, committedAt: covered === undefined ? undefined : new Date(covered.commitTime).toISOString() },
    kernelVersion: last?.kernelVersion ?? checkPoint?.kernelVersion,
    firstTransaction: first !== undefined && first <= id ? first : undefined,
  };
}

/** The last transaction in a log file, if there is one. A check point of 4.x does not name the one before it. */
async function lastIn(files: LogFileSet, header: ModernLogHeader): Promise<LoggedTransaction | undefined> {
  const reader = new TransactionReader(files, { from: dataStartOf(header) });
  let last: LoggedTransaction | undefined;
  for await (last of reader);
  return last;
}

async function describeLog(directory: string, found: FoundLog | undefined): Promise<Inspection['log']> {
  const files = await listFiles(directory);
  const common = { directory, files, tornBytes: undefined };
  if (found === undefined) {
    const state = files.length === 0 ? 'absent' : 'unreadable';
    return { ...common, state, checkPoint: undefined, transactionsToReplay: state === 'absent' ? 0 : undefined };
  }
  const { checkPoint, transactions, tail } = found.outlook;
  const { kernelVersion, firstTransaction } = found;
  return {
    ...common,
    state: transactions > 0 || tail.state === 'unfinished' ? 'needs-recovery' : 'clean',
    checkPoint:
      checkPoint === undefined
        ? undefined
        : {
            file: checkPoint.position.version,
            offset: checkPoint.position.offset,
            writtenAt: new Date(checkPoint.time).toISOString(),
            reason: checkPoint.reason,
          },
    transactionsToReplay: transactions,
    endsUnfinished: tail.state === 'unfinished',
    ...(kernelVersion === undefined ? {} : { kernelVersion, writtenBy: describeKernelVersion(kernelVersion) }),
    ...(firstTransaction === undefined ? {} : { firstTransaction }),
  };
}

async function listFiles(directory: string): Promise<Inspection['log']['files']> {
  const versions = (await listIfExists(directory))
    .filter((name) => name.startsWith(LOG_FILE_PREFIX))
    .map((name) => Number(name.slice(LOG_FILE_PREFIX.length)))
    .filter((version) => Number.isSafeInteger(version))
    .sort((a, b) => a - b);
  return versions.map(logFileName).map((name) => ({
    name,
    bytes: statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
  }));
}
