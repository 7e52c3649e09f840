import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from '../../../src/check/findings/finding.ts';
import { checkStore } from '../../../src/check/store-check.ts';
import type { Child, Completed } from './child-process.ts';
import { runMain, startMain } from './java.ts';
import type { Version } from './releases.ts';
import { RepeatedMain, type RepeatedRun } from './repeated-main.ts';
import { makeScratch } from './scratch.ts';
import { renderSettings } from './server.ts';

export interface AdminOptions {
  /** NEO4J_HOME; NEO4J_CONF is its `conf`. Default: an empty directory. */
  readonly home?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default: less than a test may take, so that what it printed is told. */
  readonly timeoutMs?: number;
  /** Settings of its `neo4j.conf`. */
  readonly conf?: Readonly<Record<string, string>>;
  /** With TLS in the catchup protocol (3.4.9). Default false. */
  readonly secure?: boolean;
}

const LONGEST_MS = 480_000;

const ADMIN = 'org.neo4j.commandline.admin.AdminTool';

/** Runs the real `neo4j-admin` of a release. */
export async function runAdmin(version: Version, options: AdminOptions): Promise<Completed> {
  return runMain(version, ADMIN, options.args, await adminProcess(options));
}

async function adminProcess(options: AdminOptions) {
  const home = options.home ?? makeScratch('admin-home');
  const conf = path.join(home, 'conf');
  await mkdir(conf, { recursive: true });
  if (options.conf !== undefined) await writeFile(path.join(conf, 'neo4j.conf'), renderSettings(options.conf));
  return {
    secure: options.secure ?? false,
    cwd: options.cwd ?? home,
    env: { NEO4J_HOME: home, NEO4J_CONF: conf, ...options.env },
    timeoutMs: options.timeoutMs ?? LONGEST_MS,
  };
}

export interface JavaBackupOptions {
  /** `host:port` of the server. */
  readonly from: string;
  readonly backupDir: string;
  readonly name: string;
  /** The checker of the backup command; default off, because `checkConsistency` says more. */
  readonly check?: boolean;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of its `neo4j.conf`; with them, TLS in the catchup protocol (3.4.9). */
  readonly secureConf?: Readonly<Record<string, string>>;
}

/** A backup by the real Java client: full if there is none of this name, incremental otherwise. */
export async function javaBackup(version: Version, options: JavaBackupOptions): Promise<Completed> {
  return runAdmin(version, await backupCommand(options));
}

/** Starts the same backup as a process that the test can kill. */
export async function startJavaBackup(version: Version, options: JavaBackupOptions): Promise<Child> {
  const command = await backupCommand(options);
  return startMain(version, ADMIN, command.args, await adminProcess(command));
}

async function backupCommand(options: JavaBackupOptions): Promise<AdminOptions> {
  await mkdir(options.backupDir, { recursive: true });
  return {
    args: [
      'backup',
      `--from=${options.from}`,
      `--backup-dir=${options.backupDir}`,
      `--name=${options.name}`,
      `--check-consistency=${options.check ?? false}`,
      ...(options.args ?? []),
    ],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.secureConf === undefined ? {} : { conf: options.secureConf, secure: true }),
  };
}

export interface ConsistencyResult {
  readonly consistent: boolean;
  /** Text of the report file; empty if the checker wrote none. With warnings alone there is one. */
  readonly report: string;
}

/** How long the real checker may take for a store that it should be able to check. */
const CHECKING_MS = 600_000;
/** Limit for the first one, while its JVM is cold: stopping a run then would leave half-loaded classes. */
const COLD_CHECK_MS = 30_000;

/**
 * The verdicts of the real checker on many closed store directories, one after the other in one JVM: whether it ended with exit code 0, and
 * in time. It writes into them (see {@link checkConsistency}). `limitMs` applies to each of them: the checker may wait for ever on a
 * damaged one.
 */
export async function judgeStores(
  version: Version,
  directories: readonly string[],
  limitMs = CHECKING_MS,
): Promise<boolean[]> {
  const checker = await startChecker(version);
  const verdicts: boolean[] = [];
  for (const [i, directory] of directories.entries()) {
    const limit = i === 0 ? Math.max(limitMs, COLD_CHECK_MS) : limitMs;
    const { code } = await checker.run(checkArguments(directory, makeScratch('check-report')), limit);
    if (code !== null && code > 1) throw new Error(`checker ${version} failed, exit ${code}`);
    verdicts.push(code === 0);
  }
  await checker.end();
  return verdicts;
}

const startChecker = async (version: Version) => RepeatedMain.start(version, ADMIN, await adminProcess({ args: [] }));

const checkArguments = (directory: string, reports: string) => [
  'check-consistency',
  `--backup=${path.resolve(directory)}`,
  `--report-dir=${reports}`,
];

/** One checker of each release for all checks of a test file: it is fast only when it is warm. */
const checkers = new Map<Version, Promise<RepeatedMain>>();

async function runChecker(version: Version, args: readonly string[]): Promise<RepeatedRun> {
  let checker = checkers.get(version);
  if (checker === undefined) {
    checker = startChecker(version);
    checkers.set(version, checker);
  }
  return (await checker).run(args, CHECKING_MS);
}

/**
 * Runs our checker, then the real one, on a closed store directory; both must come to the same verdict. The real one changes no content,
 * but 3.4.9 and 3.5.0-beta03 write new state pages into the trees. Warnings alone count as consistent. Throws if the checker could not do
 * its work, so that "not checked" never passes for an answer.
 */
export async function checkConsistency(
  version: Version,
  directory: string,
  args: readonly string[] = [],
): Promise<ConsistencyResult> {
  const ours = await checkOurselves(directory);
  const reports = makeScratch('check-report');
  const completed = await runChecker(version, [...checkArguments(directory, reports), ...args]);
  if (completed.stdout.includes('Failed to check record')) {
    throw new Error(`checker ${version} could not check every record\n${completed.stdout.slice(0, 2000)}`);
  }
  const inconsistent = completed.stderr.includes('Inconsistencies found.');
  if (completed.code !== 0 && !inconsistent) {
    throw new Error(`checker ${version} failed, exit ${completed.code}\n${completed.stdout}${completed.stderr}`);
  }
  const files = await readdir(reports);
  const texts = await Promise.all(files.map((file) => readFile(path.join(reports, file), 'utf8')));
  if (ours.consistent === inconsistent) {
    throw new Error(`checker ${version} and ours disagree:\n${texts.join('\n')}\nours: ${ours.findings.join('\n')}`);
  }
  return { consistent: !inconsistent, report: texts.join('\n') };
}

/** The findings of our check; a log left to the server is no reason to refuse. */
async function checkOurselves(directory: string): Promise<{ consistent: boolean; findings: string[] }> {
  const findings: string[] = [];
  const onFinding = (finding: Finding) => findings.push(`${finding.severity} ${finding.kind} ${finding.text}`);
  const { consistent } = await checkStore(directory, { propertyOwners: true, onFinding });
  return { consistent, findings };
}
