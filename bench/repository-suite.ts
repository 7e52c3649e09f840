import { randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedDatabase } from '../src/embedded/embedded-database.ts';
import { formatSegmentName } from '../src/repository/catalogue/segment-name.ts';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import { install } from '../test/interop/harness/index.ts';
import { projectRoot } from './bench-options.ts';
import { median, type Row } from './bench-report.ts';
import { type MeasuredRun, runMeasured } from './measured-run.ts';
import { openFixture, sizeOfDirectory } from './store-fixture.ts';

const VERSION = '3.5.34';
const PROGRAM = path.join(projectRoot, 'bin/graphkeep');
const LISTED_OBJECTS = 20_000;
const AIMS = { incrementalMs: 500, infoMs: 2000, memoryMegabytes: 300 };
/** What is random in a store that cannot be compressed: most of its bytes, and nothing that a backup or restore interprets. */
const RANDOM_FILES = ['neostore.propertystore.db', 'neostore.propertystore.db.strings'];

export interface RepositorySuiteOptions {
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly nodes: number;
  readonly relationships: number;
  readonly rounds: number;
  readonly doubled: boolean;
  tell(text: string): void;
}

type Samples = Record<string, MeasuredRun[]>;

export interface RepositorySuiteResult {
  readonly storeBytes: number;
  readonly storedBytes: Readonly<Record<string, number>>;
  readonly samples: Readonly<Samples>;
  readonly rows: readonly Row[];
}

/**
 * Full backups into an encrypted repository in a folder, and restores from it, beside what people use in its place: `cp -r`, `tar` with
 * `zstd` and `age`, and restic, alternately. Then incrementals of one transaction, `info` of many objects, and memory.
 */
export async function runRepositorySuite(options: RepositorySuiteOptions): Promise<RepositorySuiteResult> {
  await install(VERSION);
  await rm(options.scratchDir, { recursive: true, force: true });
  await mkdir(options.scratchDir, { recursive: true });
  try {
    return await new RepositorySuite(options).run();
  } finally {
    await rm(options.scratchDir, { recursive: true, force: true });
  }
}

class RepositorySuite {
  private readonly options: RepositorySuiteOptions;
  private readonly samples: Samples = {};
  private readonly storedBytes: Record<string, number> = {};
  private readonly hasRestic = existsSync('/usr/bin/restic');
  private recipient = '';

  constructor(options: RepositorySuiteOptions) {
    this.options = options;
  }

  async run(): Promise<RepositorySuiteResult> {
    const { cacheDir, nodes, relationships, doubled, rounds } = this.options;
    if (!this.hasRestic) this.options.tell('restic is not installed: without it');
    await this.sh('age-keygen -o "$0" 2>/dev/null', this.at('key'));
    this.recipient = (await this.sh('age-keygen -y "$0"', this.at('key'))).stdout.trim();
    const fixture = await openFixture(cacheDir, nodes, relationships, VERSION);
    const storeBytes = await sizeOfDirectory(fixture.directory);
    const store = this.at('store', 'graph.db');
    await cp(fixture.directory, store, { recursive: true });
    // The first round fills the caches and is not counted.
    for (let round = 0; round <= rounds; round++) await this.compare(store, round);
    await this.addTransactions(store);
    await this.listMany(store);
    await rm(this.at('store'), { recursive: true });
    await this.measureMemory('memory', fixture.directory, false);
    await this.measureMemory('memory, random', fixture.directory, true);
    if (doubled) {
      const twice = await openFixture(cacheDir, 2 * nodes, 2 * relationships, VERSION);
      await this.measureMemory('memory, doubled', twice.directory, false);
      await this.measureMemory('memory, random, doubled', twice.directory, true);
    }
    const { samples, storedBytes } = this;
    return { storeBytes, storedBytes, samples, rows: makeRows(samples) };
  }

  private async compare(store: string, round: number): Promise<void> {
    const [copy, archive, restic, repository] = ['copy', 'archive', 'restic', 'repository'].map((name) =>
      this.at(name),
    ) as [string, string, string, string];
    const out = this.at('out');
    const counts = round > 0;
    await this.measure('backup, cp -r', counts, () => this.sh('cp -r "$0" "$1" && sync -f "$1"', store, copy));
    await this.makeRepository(repository);
    await this.measure('backup', counts, () => this.backUp(store, repository));
    const pack = `tar -C "$0" -cf - . | zstd -q -1 -c | age -r ${this.recipient} -o "$1" && sync -f "$1"`;
    await this.measure('backup, tar, zstd, age', counts, () => this.sh(pack, store, archive));
    if (this.hasRestic) {
      await this.restic('-r', restic, 'init', '-q');
      const save = () => this.restic('-r', restic, 'backup', '-q', store);
      await this.measure('backup, restic', counts, save);
    }
    for (const [name, place] of Object.entries({ repository, 'tar, zstd, age': archive, restic }))
      if (existsSync(place)) this.storedBytes[name] = await sizeOf(place);
    await this.measure('restore', counts, () => this.restore(repository, out));
    await runOrThrow('cmp', [
      path.join(store, 'neostore.relationshipstore.db'),
      path.join(out, 'neostore.relationshipstore.db'),
    ]);
    await rm(out, { recursive: true });
    const unpack = `mkdir "$1" && age -d -i ${this.at('key')} "$0" | zstd -dcq | tar -C "$1" -xf - && sync -f "$1"`;
    await this.measure('restore, age, zstd, tar', counts, () => this.sh(unpack, archive, out));
    await rm(out, { recursive: true });
    if (this.hasRestic) {
      const back = () => this.restic('-r', restic, 'restore', '-q', 'latest', '--target', out);
      await this.measure('restore, restic', counts, back);
      await rm(out, { recursive: true });
    }
    for (const place of [copy, archive, restic]) await rm(place, { recursive: true, force: true });
    if (round < this.options.rounds) await rm(repository, { recursive: true });
  }

  /** Each round commits one transaction and backs it up into the repository of the last full backup. */
  private async addTransactions(store: string): Promise<void> {
    for (let round = 0; round <= this.options.rounds + 2; round++) {
      const database = await EmbeddedDatabase.open(store);
      await database.transact((tx) => void tx.createNode(['Added'], { round: { type: 'int', value: round } }));
      const { lastTransaction } = database;
      await database.close();
      const run = await this.measure('incremental', round > 0, () => this.backUp(store, this.at('repository')));
      if (!new RegExp(`(transaction|to) ${lastTransaction}$`, 'm').test(run.stdout))
        throw new Error(`transaction ${lastTransaction} was not backed up: ${run.stdout}`);
    }
  }

  /** A repository with many objects of the log after its full backup. */
  private async listMany(store: string): Promise<void> {
    const timelines = this.at('repository', 'db', 'graph.db');
    const [timeline] = await readdir(timelines);
    const log = path.join(timelines, timeline!, 'log');
    const database = await EmbeddedDatabase.open(store);
    const { lastTransaction } = database;
    await database.close();
    for (let i = 1; i <= LISTED_OBJECTS; i++) {
      const id = lastTransaction + i;
      const segment = {
        first: id,
        last: id,
        piece: 0,
        isLastPiece: true,
        newestCommit: new Date(),
        checksum: BigInt(i),
      };
      const name = formatSegmentName({ ...segment, digest: String(i).padStart(32, '0'), isEncrypted: true });
      await writeFile(path.join(log, name), '');
    }
    for (let round = 0; round <= this.options.rounds; round++) {
      const run = await this.measure('info', round > 0, () => this.ours('info', `--repo=${this.at('repository')}`));
      if (!run.stdout.includes(`to ${lastTransaction + LISTED_OBJECTS}`))
        throw new Error(`not all is listed: ${run.stdout}`);
    }
    await rm(this.at('repository'), { recursive: true });
  }

  private async measureMemory(name: string, directory: string, isRandom: boolean): Promise<void> {
    const store = isRandom ? this.at('random', 'graph.db') : directory;
    if (isRandom) {
      await cp(directory, store, { recursive: true });
      for (const file of RANDOM_FILES) await makeRandom(path.join(store, file));
    }
    const repository = this.at('repository');
    await this.makeRepository(repository);
    await this.measure(`${name}: backup`, true, () => this.backUp(store, repository));
    await this.measure(`${name}: restore`, true, () => this.restore(repository, this.at('out')));
    for (const place of ['repository', 'out', 'random']) await rm(this.at(place), { recursive: true, force: true });
  }

  private async makeRepository(place: string): Promise<void> {
    await this.ours('repo', 'init', `--repo=${place}`, `--recipients=${this.recipient}`);
  }

  private backUp(store: string, repository: string): Promise<MeasuredRun> {
    return this.ours('backup', `--from=file:${store}`, `--repo=${repository}`);
  }

  private restore(repository: string, to: string): Promise<MeasuredRun> {
    return this.ours('restore', `--repo=${repository}`, `--identity=${this.at('key')}`, `--to=${to}`);
  }

  private async measure(name: string, counts: boolean, run: () => Promise<MeasuredRun>): Promise<MeasuredRun> {
    await runOrThrow('sync', []);
    const measured = await run();
    const { durationMs, cpuMs, peakBytes } = measured;
    const usage = `processor ${cpuMs} ms, ${Math.round(peakBytes / 1e6)} MB`;
    this.options.tell(`${name}: ${Math.round(durationMs)} ms, ${usage}${counts ? '' : ' (not counted)'}`);
    this.samples[name] ??= [];
    if (counts) this.samples[name].push(measured);
    return measured;
  }

  private ours(...args: string[]): Promise<MeasuredRun> {
    return runSuccessfully(PROGRAM, args);
  }

  private restic(...args: string[]): Promise<MeasuredRun> {
    return runSuccessfully('restic', ['--no-cache', ...args], { RESTIC_PASSWORD: 'measured' });
  }

  /** The shell lives a moment longer than what it runs, so that its processor time is seen. */
  private sh(script: string, ...args: string[]): Promise<MeasuredRun> {
    return runSuccessfully('bash', ['-c', `set -e -o pipefail; ${script}; sleep 0.02`, ...args]);
  }

  private at(...names: string[]): string {
    return path.join(this.options.scratchDir, ...names);
  }
}

async function runSuccessfully(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MeasuredRun> {
  const run = await runMeasured(command, args, { env });
  if (run.code !== 0) throw new Error(`${command} ${args[0]} failed: exit ${run.code}\n${run.stdout}${run.stderr}`);
  return run;
}

async function makeRandom(file: string): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  const block = Buffer.alloc(1 << 20);
  // The first page has the header of the file.
  for (let at = 8192; at < size; at += block.length)
    await handle.write(randomFillSync(block), 0, Math.min(block.length, size - at), at);
  await handle.close();
}

async function sizeOf(place: string): Promise<number> {
  const info = await stat(place);
  return info.isFile() ? info.size : await sizeOfDirectory(place);
}

function makeRows(samples: Samples): Row[] {
  const medianOf = (name: string, key: 'durationMs' | 'cpuMs') => median(samples[name]!.map((run) => run[key]));
  const rows: Row[] = [];
  for (const job of ['backup', 'restore']) {
    const others = Object.keys(samples).filter((name) => name.startsWith(`${job}, `));
    for (const key of ['durationMs', 'cpuMs'] as const) {
      for (const name of others) {
        const [ours, value] = [medianOf(job, key), medianOf(name, key)];
        const title = `${key === 'cpuMs' ? 'processor time' : 'time'}, ${job}`;
        rows.push({
          name: title,
          unit: 'ms',
          ours,
          other: { name: name.slice(job.length + 2), value },
          ratio: ours / value,
        });
      }
    }
  }
  const aim = (atMost: number) => ({ of: 'ours', atMost }) as const;
  rows.push({
    name: 'time, incremental of 1 transaction',
    unit: 'ms',
    ours: medianOf('incremental', 'durationMs'),
    aim: aim(AIMS.incrementalMs),
  });
  rows.push({
    name: `time, info of ${LISTED_OBJECTS} objects`,
    unit: 'ms',
    ours: medianOf('info', 'durationMs'),
    aim: aim(AIMS.infoMs),
  });
  for (const [name, runs] of Object.entries(samples)) {
    if (!name.startsWith('memory')) continue;
    const ours = Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 1e6;
    rows.push({ name: `peak ${name}`, unit: 'MB', ours, aim: aim(AIMS.memoryMegabytes) });
  }
  return rows;
}
