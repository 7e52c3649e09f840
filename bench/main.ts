/**
 * Compares our backups with those of the real Java client (and with `cp -r`) in one run on this machine: time and peak memory of full
 * backups and of incrementals with one and with many transactions, and how memory grows with the store. The suite `check` does the same for
 * the consistency check, `live` for backups from files, `repository` for repositories, `modern` for servers of 5.26. Run:
 * `npm run bench -- --help`.
 */
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import { install } from '../test/interop/harness/index.ts';
import { javaClient, ourClient } from './backup-clients.ts';
import { runSuite, type SuiteResult } from './backup-suite.ts';
import { type BenchOptions, projectRoot, readOptions, usage } from './bench-options.ts';
import { isMet, makeRows, renderDetails, renderTable } from './bench-report.ts';
import { renderCheckResult, runCheckSuite } from './check-suite.ts';
import { renderClusterResult, runClusterSuite } from './cluster-suite.ts';
import { renderTopFunctions } from './cpu-profile.ts';
import { renderLiveResult } from './live-report.ts';
import { runLiveSuite } from './live-suite.ts';
import { runModernSuite } from './modern-suite.ts';
import { type RepositorySuiteResult, runRepositorySuite } from './repository-suite.ts';
import { javaVersion, openFixture } from './store-fixture.ts';

/** Above this load per core, somebody else is using the machine. */
const QUIET_LOAD = 0.3;

function tell(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryMegabytes: Math.round(os.totalmem() / 1e6),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    loadAtStart: os.loadavg()[0]!,
  };
}

async function measureSingle(options: BenchOptions): Promise<SuiteResult> {
  const fixture = await openFixture(options.cacheDir, options.nodes, options.relationships);
  const clients = { ours: ourClient(options.scratchDir), java: javaClient(options.jvm) };
  return await runSuite({ ...options, fixture, clients, yardsticks: true, tell });
}

async function measureDoubled(options: BenchOptions): Promise<SuiteResult> {
  const fixture = await openFixture(options.cacheDir, 2 * options.nodes, 2 * options.relationships);
  const clients = { ours: ourClient(options.scratchDir) };
  const rounds = Math.ceil(options.rounds / 2);
  return await runSuite({ ...options, rounds, fixture, clients, yardsticks: false, tell });
}

/** Only for the profile: the first full run fills the caches and is not profiled. */
async function profile(options: BenchOptions, directory: string): Promise<string> {
  const fixture = await openFixture(options.cacheDir, options.nodes, options.relationships);
  let runs = 0;
  const names = ['warm-up', 'full', 'one-transaction', 'many-transactions'];
  const clients = {
    ours: (...call: Parameters<ReturnType<typeof ourClient>>) => {
      const folder = path.join(directory, names[runs++]!);
      return ourClient(options.scratchDir, { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${folder}`] })(...call);
    },
  };
  await rm(directory, { recursive: true, force: true });
  await runSuite({ ...options, rounds: 1, fixture, clients, yardsticks: false, tell });
  return names
    .slice(1)
    .map((name) => `${name}:\n${renderTopFunctions(path.join(directory, name), 25)}`)
    .join('\n\n');
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const machine = describeMachine();
  const busy = machine.loadAtStart > QUIET_LOAD * machine.cores;
  if (busy) tell(`the machine is busy (load ${machine.loadAtStart.toFixed(1)}): these figures are not for the record`);
  if (options.build) await runOrThrow(process.execPath, [path.join(projectRoot, 'scripts/build.mjs')]);
  try {
    if (options.suite === 'check') {
      const result = await runCheckSuite({ ...options, tell });
      console.log(options.json ? JSON.stringify({ machine, busy, result }, null, 2) : renderCheckResult(result));
      return;
    }
    if (options.suite === 'live') {
      await install('3.5.34');
      const result = await runLiveSuite({ ...options, tell });
      console.log(options.json ? JSON.stringify({ machine, busy, result }, null, 2) : renderLiveResult(result));
      return;
    }
    if (options.suite === 'repository') {
      const result = await runRepositorySuite({ ...options, tell });
      console.log(options.json ? JSON.stringify({ machine, busy, result }, null, 2) : renderRepositoryResult(result));
      return;
    }
    if (options.suite === 'modern') {
      const result = await runModernSuite({ ...options, tell });
      const text = `store ${(result.storeBytes / 1e9).toFixed(2)} GB\n\n${renderTable(result.rows)}`;
      console.log(options.json ? JSON.stringify({ machine, busy, result }, null, 2) : text);
      return;
    }
    await install(javaVersion);
    if (options.suite === 'cluster') {
      const result = await runClusterSuite({ ...options, tell });
      console.log(options.json ? JSON.stringify({ machine, busy, result }, null, 2) : renderClusterResult(result));
      return;
    }
    if (options.profileDir !== undefined) {
      console.log(await profile(options, options.profileDir));
      return;
    }
    const single = await measureSingle(options);
    const doubled = options.doubled ? await measureDoubled(options) : undefined;
    const rows = makeRows(single, doubled);
    if (options.json) {
      const judged = rows.map((row) => ({ ...row, met: isMet(row) }));
      console.log(JSON.stringify({ machine, busy, options, rows: judged, single, doubled }, null, 2));
      return;
    }
    console.log(renderHead(machine, busy, options, single));
    console.log(`\n${renderTable(rows)}\n\n${renderDetails(single)}`);
  } finally {
    await rm(options.scratchDir, { recursive: true, force: true });
  }
}

function renderRepositoryResult({ storeBytes, storedBytes, rows }: RepositorySuiteResult): string {
  const stored = Object.entries(storedBytes).map(([name, bytes]) => `${name} ${(bytes / 1e9).toFixed(2)} GB`);
  return `store ${(storeBytes / 1e9).toFixed(2)} GB; stored: ${stored.join(', ')}\n\n${renderTable(rows)}`;
}

function renderHead(
  machine: ReturnType<typeof describeMachine>,
  busy: boolean,
  options: BenchOptions,
  { nodes, relationships, storeBytes, transactions, logBytes }: SuiteResult,
): string {
  const { cpu, cores, memoryMegabytes, system, node, loadAtStart } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryMegabytes} MB, ${system}, Node ${node}; Java client ${javaVersion}, JVM ${options.jvm}`,
    `load at start ${loadAtStart.toFixed(1)}${busy ? ': BUSY, not for the record' : ''}`,
    `store ${(storeBytes / 1e9).toFixed(2)} GB, ${nodes} nodes, ${relationships} relationships`,
    `many transactions: ${transactions}, ${(logBytes / 1e6).toFixed(1)} MB of log`,
    `times: median of ${options.rounds} rounds in turns, after one that is not counted; memory: the largest of all rounds`,
  ].join('\n');
}

await main();
