import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFileSet } from '../src/log/log-source.ts';
import { versionsDownward } from '../src/log/v3/check-points.ts';
import { beginningOf, readLogHeader } from '../src/log/v3/log-header.ts';
import { LogReader } from '../src/log/v3/log-reader.ts';
import { readMetadata } from '../src/store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../src/store/files/store-files.ts';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import type { RunningServer } from '../test/interop/harness/index.ts';
import type { Measurement } from './backup-clients.ts';
import { projectRoot } from './bench-options.ts';
import { followFiles } from './followed-files.ts';
import { runMeasured } from './measured-run.ts';
import { copyFixture, openFixture, type StoreFixture, serveStore, sizeOfDirectory } from './store-fixture.ts';
import { TransactionLoad } from './transaction-load.ts';

const VERSION = '3.5.34';
/** The store with which memory is compared is smaller by this factor. */
const SMALLER = 4;
/** Length of a stretch in which the transactions of the server are counted. */
const STRETCH_MS = 15_000;
const FOLLOWED_PER_SECOND = 1000;
/** For copies that a server should not notice, of 1 GB in 10 s. */
export const RATE_LIMIT = '100m';

export interface LiveSuiteOptions {
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly nodes: number;
  readonly relationships: number;
  readonly transactions: number;
  readonly rounds: number;
  tell(text: string): void;
}

export interface LiveSuiteResult {
  readonly fixture: StoreFixture;
  readonly storeBytes: number;
  readonly transactions: number;
  readonly full: readonly Measurement[];
  /** `cp -r` of the same files, and waiting for the disk. */
  readonly cp: readonly Measurement[];
  readonly one: readonly Measurement[];
  readonly many: readonly Measurement[];
  /** Full backups of the smaller store, at rest. */
  readonly smaller: readonly Measurement[];
  /** Transactions per second of the server: without, with full backups one after the other, and with such of {@link RATE_LIMIT}. */
  readonly alone: readonly number[];
  readonly copied: readonly number[];
  readonly limited: readonly number[];
  /** Milliseconds that a followed backup is behind, for each step, and the transactions per second meanwhile. */
  readonly behindMs: readonly number[];
  readonly followedPerSecond: number;
}

/** Backups from the files of a running server: against `cp -r`, and what the server notices. */
export async function runLiveSuite(options: LiveSuiteOptions): Promise<LiveSuiteResult> {
  const { cacheDir, scratchDir, nodes, relationships } = options;
  const fixture = await openFixture(cacheDir, nodes, relationships, VERSION);
  const smaller = await openFixture(cacheDir, Math.ceil(nodes / SMALLER), Math.ceil(relationships / SMALLER), VERSION);
  const home = path.join(scratchDir, 'server');
  await copyFixture(fixture, home);
  const server = await serveStore(home, VERSION);
  try {
    return await new LiveSuite(options, server, fixture).run(smaller);
  } finally {
    await server.stop();
    await rm(scratchDir, { recursive: true, force: true });
  }
}

class LiveSuite {
  private readonly options: LiveSuiteOptions;
  private readonly server: RunningServer;
  private readonly fixture: StoreFixture;
  private readonly load: TransactionLoad;
  private readonly backup: string;

  constructor(options: LiveSuiteOptions, server: RunningServer, fixture: StoreFixture) {
    this.options = options;
    this.server = server;
    this.fixture = fixture;
    this.load = new TransactionLoad(server, fixture, async () => findLastTransaction(server.storeDirectory));
    this.backup = path.join(options.scratchDir, 'backup');
  }

  async run(smaller: StoreFixture): Promise<LiveSuiteResult> {
    const { fixture, options } = this;
    const storeBytes = await sizeOfDirectory(this.server.storeDirectory);
    const smallerRuns = await this.inRounds('full, smaller store', () => this.fullBackup(smaller.directory));
    const { full, cp } = await this.compareCopies();
    const one = await this.inRounds('1 transaction', async () => {
      await this.load.run(1);
      return await this.backUp();
    });
    const many = await this.manyTransactions();
    const throughput = await this.compareThroughput();
    const followed = await this.follow();
    return {
      fixture,
      storeBytes,
      transactions: options.transactions,
      full,
      cp,
      one,
      many,
      smaller: smallerRuns,
      ...throughput,
      ...followed,
    };
  }

  /** One round more than requested: the first fills the caches. */
  private async compareCopies(): Promise<Pick<LiveSuiteResult, 'full' | 'cp'>> {
    const full: Measurement[] = [];
    const cp: Measurement[] = [];
    for (let round = 0; round <= this.options.rounds; round++) {
      const [ours, theirs] = [await this.fullBackup(this.server.home), await this.copyFiles()];
      this.tell(`full ${round}`, ours);
      this.tell(`cp -r ${round}`, theirs);
      if (round === 0) continue;
      full.push(ours);
      cp.push(theirs);
    }
    return { full, cp };
  }

  /** Each round begins with the same backup and brings the same transactions. */
  private async manyTransactions(): Promise<Measurement[]> {
    const base = `${this.backup}.base`;
    await runOrThrow('cp', ['-a', this.backup, base]);
    await this.load.run(this.options.transactions);
    return await this.inRounds(`${this.options.transactions} transactions`, async () => {
      await rm(this.backup, { recursive: true });
      await runOrThrow('cp', ['-a', base, this.backup]);
      return await this.backUp();
    });
  }

  /** In turns, so that whatever else the machine does is in all of them. The first turn warms up and is not counted. */
  private async compareThroughput(): Promise<Pick<LiveSuiteResult, 'alone' | 'copied' | 'limited'>> {
    const perSecond = { alone: [] as number[], copied: [] as number[], limited: [] as number[] };
    const copyAgain = async (...args: string[]): Promise<void> => {
      const until = performance.now() + STRETCH_MS;
      while (performance.now() < until) await this.fullBackup(this.server.home, ...args);
    };
    const stretches = {
      alone: () => sleep(STRETCH_MS),
      copied: () => copyAgain(),
      limited: () => copyAgain(`--rate-limit=${RATE_LIMIT}`),
    };
    for (let round = 0; round <= this.options.rounds; round++) {
      for (const name of ['alone', 'copied', 'limited'] as const) {
        const measured = await this.load.runDuring(stretches[name]);
        this.options.tell(`transactions per second ${round}, ${name}: ${Math.round(measured)}`);
        if (round > 0) perSecond[name].push(measured);
      }
    }
    return perSecond;
  }

  private async follow(): Promise<Pick<LiveSuiteResult, 'behindMs' | 'followedPerSecond'>> {
    let behindMs: readonly number[] = [];
    const followedPerSecond = await this.load.runDuring(async () => {
      behindMs = await followFiles(this.server.home, this.backup, STRETCH_MS);
    }, FOLLOWED_PER_SECOND);
    return { behindMs, followedPerSecond };
  }

  private async inRounds(what: string, run: () => Promise<Measurement>): Promise<Measurement[]> {
    const samples: Measurement[] = [];
    for (let round = 0; round < this.options.rounds; round++) {
      const measured = await run();
      samples.push(measured);
      this.tell(`${what} ${round}`, measured);
    }
    return samples;
  }

  private async fullBackup(from: string, ...more: string[]): Promise<Measurement> {
    await rm(this.backup, { recursive: true, force: true });
    return await this.backUp(from, more);
  }

  /** Of the server: the backup must then have every transaction that was committed before. */
  private async backUp(from = this.server.home, more: readonly string[] = []): Promise<Measurement> {
    const least = from === this.server.home ? findLastTransaction(this.server.storeDirectory) : 1;
    await runOrThrow('sync', []);
    const args = [
      'backup',
      `--from=file:${from}`,
      `--to=${this.backup}`,
      '--check-consistency=false',
      '--json',
      ...more,
    ];
    const run = await runMeasured(path.join(projectRoot, 'bin/graphkeep'), args);
    const { durationMs, peakBytes, cpuMs, code, stdout, stderr } = run;
    if (code !== 0) throw new Error(`no backup was made: exit ${code}\n${stdout}${stderr}`);
    const { lastTransactionId } = readMetadata(path.join(this.backup, METADATA_FILE));
    if (lastTransactionId < least) throw new Error(`the backup is at transaction ${lastTransactionId} of ${least}`);
    return { durationMs, peakBytes, cpuMs, phasesMs: readPhases(stdout) };
  }

  private async copyFiles(): Promise<Measurement> {
    const target = path.join(this.options.scratchDir, 'copy');
    await mkdir(target);
    await runOrThrow('sync', []);
    const script = 'cp -r "$0" "$1" && sync -f "$1"';
    const { durationMs, peakBytes, cpuMs } = await runMeasured('sh', [
      '-c',
      script,
      this.server.storeDirectory,
      target,
    ]);
    await rm(target, { recursive: true });
    return { durationMs, peakBytes, cpuMs, phasesMs: {} };
  }

  private tell(what: string, { durationMs, cpuMs, peakBytes, phasesMs }: Measurement): void {
    const phases = Object.entries(phasesMs).map(([phase, ms]) => `${phase} ${ms}`);
    const usage = `processor ${cpuMs} ms, ${Math.round(peakBytes / 1e6)} MB`;
    this.options.tell([`${what}: ${Math.round(durationMs)} ms`, usage, ...phases].join(', '));
  }
}

/** From the newest log file: the Community edition does not tell it. */
function findLastTransaction(directory: string): number {
  const files = new LogFileSet(directory);
  try {
    const version = versionsDownward(files).next().value!;
    const reader = new LogReader(files, { from: beginningOf(version) });
    let last = readLogHeader(files, version)!.previousTransaction;
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'transaction') last = item.transactionId;
    }
    return last;
  } finally {
    files.close();
  }
}

/** How long each phase took, from the events of `--json`. */
function readPhases(stdout: string): Record<string, number> {
  const phases: Record<string, number> = {};
  let last: { phase: string; time: number } | undefined;
  for (const line of stdout.trimEnd().split('\n')) {
    const { time, event, phase } = JSON.parse(line) as { time: string; event: string; phase?: string };
    const now = Date.parse(time);
    if (last !== undefined) phases[last.phase] = (phases[last.phase] ?? 0) + now - last.time;
    if (event === 'progress') last = { phase: phase!, time: now };
    else if (last !== undefined) last = { phase: last.phase, time: now };
  }
  return phases;
}
