import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import { installModern, ModernLoad, ModernServer } from '../test/interop/harness/modern/index.ts';
import { projectRoot } from './bench-options.ts';
import { median, type Row } from './bench-report.ts';
import { type MeasuredRun, runMeasured } from './measured-run.ts';
import { openCached, sizeOfDirectory } from './store-fixture.ts';

const VERSION = '5.26.30';
const PROGRAM = path.join(projectRoot, 'bin/graphkeep');
/** Part of the name in the cache: stores of an older generator are not used. */
const GENERATOR = `modern-v1-${VERSION}`;
const BATCH = 20_000;
/** Length of a stretch in which the transactions of the server are counted. */
const STRETCH_MS = 20_000;
/** For copies that a server should not notice. */
const RATE_LIMIT = '50m';
const AIMS = { cp: 1.2, incrementalMs: 500, memoryMegabytes: 200, throughput: 0.9 };
/** As servers have it by default, but for the page cache, which should not leave the database to the system alone. */
const CALM = { checkPoints: '15m', rotation: '256m', pageCache: '512m', retention: '2 days' };

export interface ModernSuiteOptions {
  readonly cacheDir: string;
  readonly scratchDir: string;
  /** One node takes about 600 bytes. */
  readonly nodes: number;
  readonly relationships: number;
  readonly rounds: number;
  tell(text: string): void;
}

export interface ModernSuiteResult {
  readonly storeBytes: number;
  readonly rows: readonly Row[];
}

/**
 * Backups of a running server of 5.26 into a repository in a folder, against `cp -r` of its files: time, memory, increments, and what the
 * server notices. The repository is compressed and not encrypted, as `cp` is not.
 */
export async function runModernSuite(options: ModernSuiteOptions): Promise<ModernSuiteResult> {
  await installModern(VERSION);
  const home = path.join(options.scratchDir, 'server');
  await rm(options.scratchDir, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const { cacheDir, nodes, relationships } = options;
  const fixture = await openCached(cacheDir, GENERATOR, { nodes, relationships }, async (_, directory) =>
    makeDatabase(directory, options),
  );
  await runOrThrow('cp', ['-a', path.join(fixture.directory, 'data'), home]);
  const server = await ModernServer.start({ version: VERSION, home, restless: CALM, heap: '1g' });
  try {
    return await new ModernSuite(options, server).run();
  } finally {
    await server.stop();
    await rm(options.scratchDir, { recursive: true, force: true });
  }
}

/** A home whose server was stopped. */
async function makeDatabase(home: string, { nodes, relationships, tell }: ModernSuiteOptions): Promise<void> {
  const server = await ModernServer.start({ version: VERSION, home, restless: CALM, heap: '2g' });
  try {
    await server.cypher('CREATE INDEX FOR (n:Item) ON (n.id)');
    for (let from = 0; from < nodes; from += BATCH) {
      const to = Math.min(nodes, from + BATCH) - 1;
      await server.cypher(
        'UNWIND range($from, $to) AS id CREATE (:Item {id: id, name: "item " + id, text: reduce(s = "", i IN range(1, 12) | s + randomUUID())})',
        { from, to },
      );
      if ((from / BATCH) % 20 === 0) tell(`made ${to + 1} of ${nodes} nodes`);
    }
    await server.cypher('CALL db.awaitIndexes(3600)');
    for (let from = 0; from < relationships; from += BATCH) {
      const count = Math.min(BATCH, relationships - from);
      await server.cypher(
        'UNWIND range(1, $count) AS i WITH toInteger(rand() * $nodes) AS a, toInteger(rand() * $nodes) AS b, i MATCH (x:Item {id: a}), (y:Item {id: b}) CREATE (x)-[:TO {n: i}]->(y)',
        { count, nodes },
      );
      if ((from / BATCH) % 20 === 0) tell(`made ${from + count} of ${relationships} relationships`);
    }
  } finally {
    await server.stop();
  }
}

type Stretch = 'alone' | 'copied' | 'limited';

class ModernSuite {
  private readonly options: ModernSuiteOptions;
  private readonly server: ModernServer;
  private readonly repository: string;

  constructor(options: ModernSuiteOptions, server: ModernServer) {
    this.options = options;
    this.server = server;
    this.repository = path.join(options.scratchDir, 'repository');
  }

  async run(): Promise<ModernSuiteResult> {
    const storeBytes = await sizeOfDirectory(this.server.databaseDirectory);
    const full: MeasuredRun[] = [];
    const cp: MeasuredRun[] = [];
    // The first round fills the caches and is not counted.
    for (let round = 0; round <= this.options.rounds; round++) {
      const [ours, theirs] = [await this.fullBackup(), await this.copyFiles()];
      this.tell(`full ${round}`, ours);
      this.tell(`cp -r ${round}`, theirs);
      if (round > 0) {
        full.push(ours);
        cp.push(theirs);
      }
    }
    const one = await this.incrementals();
    const perSecond = await this.compareThroughput();
    return { storeBytes, rows: makeRows({ full, cp, one, perSecond }) };
  }

  private async incrementals(): Promise<MeasuredRun[]> {
    const runs: MeasuredRun[] = [];
    for (let round = 0; round < this.options.rounds + 2; round++) {
      await this.server.cypher('CREATE (:Added {round: $round})', { round });
      const run = await this.backUp();
      this.tell(`1 transaction ${round}`, run);
      if (!/^Incremental backup/m.test(run.stdout)) throw new Error(`this is no incremental: ${run.stdout}`);
      runs.push(run);
    }
    return runs;
  }

  /** In turns, so that whatever else the machine does is in all of them. The first turn warms up and is not counted. */
  private async compareThroughput(): Promise<Record<Stretch, number[]>> {
    const perSecond: Record<Stretch, number[]> = { alone: [], copied: [], limited: [] };
    const load = new ModernLoad(this.server);
    await load.start();
    try {
      for (let round = 0; round <= this.options.rounds; round++) {
        for (const name of ['alone', 'copied', 'limited'] as const) {
          const measured = await this.countDuring(load, name);
          this.options.tell(`transactions per second ${round}, ${name}: ${Math.round(measured)}`);
          if (round > 0) perSecond[name].push(measured);
        }
      }
    } finally {
      await load.stop();
    }
    return perSecond;
  }

  private async countDuring(load: ModernLoad, stretch: Stretch): Promise<number> {
    const count = () => load.acknowledged().reduce((sum, number) => sum + number, 0);
    const [before, began] = [count(), performance.now()];
    if (stretch === 'alone') await sleep(STRETCH_MS);
    else {
      const limit = stretch === 'limited' ? [`--rate-limit=${RATE_LIMIT}`] : [];
      while (performance.now() - began < STRETCH_MS) await this.fullBackup(...limit);
    }
    return (1000 * (count() - before)) / (performance.now() - began);
  }

  private async fullBackup(...more: string[]): Promise<MeasuredRun> {
    await rm(this.repository, { recursive: true, force: true });
    await runOrThrow(PROGRAM, ['repo', 'init', `--repo=${this.repository}`, '--no-encryption']);
    await runOrThrow('sync', []);
    return await this.backUp(...more);
  }

  private async backUp(...more: string[]): Promise<MeasuredRun> {
    const from = `--from=file:${this.server.home}`;
    const run = await runMeasured(PROGRAM, ['backup', from, `--repo=${this.repository}`, '--database=neo4j', ...more]);
    if (run.code !== 0) throw new Error(`no backup was made: exit ${run.code}\n${run.stdout}${run.stderr}`);
    return run;
  }

  private async copyFiles(): Promise<MeasuredRun> {
    const target = path.join(this.options.scratchDir, 'copy');
    await mkdir(target);
    await runOrThrow('sync', []);
    const { databaseDirectory, logDirectory } = this.server;
    // A file that vanishes is no failure: the server goes on.
    const script = '{ cp -r "$0" "$1" "$2" || true; } && sync -f "$2"; sleep 0.02';
    const run = await runMeasured('sh', ['-c', script, databaseDirectory, logDirectory, `${target}/.`]);
    await rm(target, { recursive: true });
    return run;
  }

  private tell(what: string, { durationMs, cpuMs, peakBytes }: MeasuredRun): void {
    const usage = `processor ${cpuMs} ms, ${Math.round(peakBytes / 1e6)} MB`;
    this.options.tell(`${what}: ${Math.round(durationMs)} ms, ${usage}`);
  }
}

interface Figures {
  readonly full: readonly MeasuredRun[];
  readonly cp: readonly MeasuredRun[];
  readonly one: readonly MeasuredRun[];
  readonly perSecond: Readonly<Record<Stretch, readonly number[]>>;
}

function makeRows({ full, cp, one, perSecond }: Figures): Row[] {
  const time = (runs: readonly MeasuredRun[]) => median(runs.map(({ durationMs }) => durationMs));
  const processor = (runs: readonly MeasuredRun[]) => median(runs.map(({ cpuMs }) => cpuMs));
  const against = (name: string, ours: number, value: number, atMost?: number): Row => ({
    name,
    unit: 'ms',
    ours,
    other: { name: 'cp -r', value },
    ratio: ours / value,
    ...(atMost === undefined ? {} : { aim: { of: 'ratio', atMost } as const }),
  });
  const share = (stretch: 'copied' | 'limited') =>
    median(perSecond[stretch].map((transactions, i) => transactions / perSecond.alone[i]!));
  // As time of a transaction, so that less is better.
  const slower = (name: string, stretch: 'copied' | 'limited', atMost?: number): Row => ({
    name,
    unit: 'ms',
    ours: 1000 / median(perSecond[stretch]),
    other: { name: 'alone', value: 1000 / median(perSecond.alone) },
    ratio: 1 / share(stretch),
    ...(atMost === undefined ? {} : { aim: { of: 'ratio', atMost } as const }),
  });
  const peak = Math.max(...[...full, ...one].map(({ peakBytes }) => peakBytes)) / 1e6;
  return [
    against('time, full', time(full), time(cp), AIMS.cp),
    against('processor time, full', processor(full), processor(cp)),
    {
      name: 'time, incremental of 1 transaction',
      unit: 'ms',
      ours: time(one),
      aim: { of: 'ours', atMost: AIMS.incrementalMs },
    },
    { name: 'peak memory', unit: 'MB', ours: peak, aim: { of: 'ours', atMost: AIMS.memoryMegabytes } },
    slower('time of a transaction, copied all the time', 'copied'),
    slower(`time of a transaction, copied with --rate-limit=${RATE_LIMIT}`, 'limited', 1 / AIMS.throughput),
  ];
}
