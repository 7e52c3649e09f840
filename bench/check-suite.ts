import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Completed, runOrThrow } from '../test/interop/harness/child-process.ts';
import { copyStore } from '../test/interop/harness/index.ts';
import { runMain } from '../test/interop/harness/java.ts';
import type { Measurement } from './backup-clients.ts';
import { projectRoot } from './bench-options.ts';
import { median } from './bench-report.ts';
import { listFiles, openCheckFixture } from './check-fixture.ts';
import { findProcess, ProcessWatch } from './measured-process.ts';
import { runMeasured } from './measured-run.ts';
import { type StoreFixture, sizeOfDirectory, stockJvm } from './store-fixture.ts';

/** The release whose checker is compared with ours, and its memory. */
const CHECKER = '3.5.34';
const CHECKER_HEAP = '4g';
const ADMIN = 'org.neo4j.commandline.admin.AdminTool';

const AIMS = { theirs: 0.2, cat: 8, memoryMegabytes: 500 };

export interface CheckSuiteOptions {
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly nodes: number;
  readonly relationships: number;
  readonly rounds: number;
  tell(text: string): void;
}

type Runner = 'cat' | 'ours' | 'theirs';

export interface CheckSuiteResult {
  readonly fixture: StoreFixture;
  readonly storeBytes: number;
  readonly samples: Readonly<Record<Runner, readonly Measurement[]>>;
}

/**
 * Checks one store alternately with ours (including ownership of properties), with the real checker at its defaults, and reads it with
 * `cat`. Before each run the files are dropped from the operating system's cache, so that all three read from the disk.
 */
export async function runCheckSuite(options: CheckSuiteOptions): Promise<CheckSuiteResult> {
  const { cacheDir, scratchDir, nodes, relationships, rounds, tell } = options;
  const fixture = await openCheckFixture(cacheDir, nodes, relationships);
  // The real checker adds id files.
  const store = path.join(scratchDir, 'check/graph.db');
  await copyStore(fixture.directory, store);
  const files = await listFiles(store);
  const samples: Record<Runner, Measurement[]> = { cat: [], ours: [], theirs: [] };
  const runners = { cat: () => readAll(files), ours: () => checkOurs(store), theirs: () => checkTheirs(store) };
  for (let round = 0; round < rounds; round++) {
    for (const name of ['cat', 'ours', 'theirs'] as const) {
      await dropFromCache(files);
      const sample = await runners[name]();
      samples[name].push(sample);
      tell(`check ${round}, ${name}: ${Math.round(sample.durationMs)} ms, ${Math.round(sample.peakBytes / 1e6)} MB`);
    }
  }
  const storeBytes = await sizeOfDirectory(fixture.directory);
  await rm(path.dirname(store), { recursive: true });
  return { fixture, storeBytes, samples };
}

async function dropFromCache(files: readonly string[]): Promise<void> {
  await runOrThrow('sync', []);
  for (const file of files) await runOrThrow('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

async function readAll(files: readonly string[]): Promise<Measurement> {
  const startedAt = performance.now();
  await runOrThrow('sh', ['-c', 'cat "$@" > /dev/null', 'sh', ...files]);
  return { durationMs: performance.now() - startedAt, cpuMs: 0, peakBytes: 0, phasesMs: {} };
}

/** Our program as a user runs it, from this working tree. */
async function checkOurs(store: string): Promise<Measurement> {
  const reports = await makeReportDirectory(store);
  const args = ['check', store, '--property-owners=true', `--report-dir=${reports}`];
  const run = await runMeasured(path.join(projectRoot, 'bin/graphkeep'), args);
  const { durationMs, peakBytes, cpuMs, code, stdout, stderr } = run;
  if (code !== 0) throw new Error(`our check did not call the store consistent: exit ${code}\n${stdout}${stderr}`);
  return { durationMs, peakBytes, cpuMs, phasesMs: {} };
}

async function checkTheirs(store: string): Promise<Measurement> {
  const reports = await makeReportDirectory(store);
  const target = `--backup=${store}`;
  const watch = new ProcessWatch(() => findProcess('java', [target]));
  const startedAt = performance.now();
  const completed: Completed = await runMain(CHECKER, ADMIN, ['check-consistency', target, `--report-dir=${reports}`], {
    cwd: reports,
    heap: CHECKER_HEAP,
    env: { ...checkerJvm(), NEO4J_HOME: reports, NEO4J_CONF: reports },
    timeoutMs: 3_600_000,
  });
  const durationMs = performance.now() - startedAt;
  const usage = watch.stop();
  if (completed.code !== 0) {
    throw new Error(`the real checker did not call the store consistent:\n${completed.stdout}${completed.stderr}`);
  }
  return { durationMs, ...usage, phasesMs: {} };
}

/** Every compiler tier and the JVM's own collector, with the requested heap. */
function checkerJvm(): Record<string, string> {
  return { _JAVA_OPTIONS: stockJvm._JAVA_OPTIONS.replace(/ -Xmx\S+/, '') };
}

async function makeReportDirectory(store: string): Promise<string> {
  const directory = path.join(path.dirname(store), 'reports');
  await mkdir(directory, { recursive: true });
  return directory;
}

/** The ratios with our aims, and the figures behind them. */
export function renderCheckResult({ fixture, storeBytes, samples }: CheckSuiteResult): string {
  const seconds = (name: Runner) => median(samples[name].map(({ durationMs }) => durationMs)) / 1000;
  const peak = (name: Runner) => Math.max(...samples[name].map(({ peakBytes }) => peakBytes)) / 1e6;
  const [cat, ours, theirs] = [seconds('cat'), seconds('ours'), seconds('theirs')];
  const judge = (value: number, aim: number) => `(aim <= ${aim}: ${value <= aim ? 'met' : 'MISSED'})`;
  return [
    `store ${(storeBytes / 1e9).toFixed(2)} GB, ${fixture.nodes} nodes, ${fixture.relationships} relationships; files not cached`,
    `ours   ${ours.toFixed(1)} s, processor ${(median(samples.ours.map(({ cpuMs }) => cpuMs)) / 1000).toFixed(1)} s`,
    `theirs ${theirs.toFixed(1)} s, ${Math.round(peak('theirs'))} MB (${CHECKER}, heap ${CHECKER_HEAP}, without owners)`,
    `cat    ${cat.toFixed(2)} s`,
    `ours / theirs  ${(ours / theirs).toFixed(3)} ${judge(ours / theirs, AIMS.theirs)}`,
    `ours / cat     ${(ours / cat).toFixed(1)} ${judge(ours / cat, AIMS.cat)}`,
    `peak memory    ${Math.round(peak('ours'))} MB ${judge(peak('ours'), AIMS.memoryMegabytes)}`,
  ].join('\n');
}
