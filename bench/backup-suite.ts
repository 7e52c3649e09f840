import { statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { listLogFiles } from '../src/log/log-files.ts';
import { CommonSource } from '../src/source/backup-protocol/common-source.ts';
import { readMetadata } from '../src/store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../src/store/files/store-files.ts';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import type { RunningServer } from '../test/interop/harness/index.ts';
import type { BackupClient, BackupKind, Measurement } from './backup-clients.ts';
import { type StoreFixture, serveFixture, sizeOfDirectory } from './store-fixture.ts';
import { TransactionLoad } from './transaction-load.ts';

const DROP_TIMEOUT_MS = 600_000;

export type JobName = 'full' | 'oneTransaction' | 'manyTransactions';

/** Lower bounds: the same files copied by `cp`, without and with waiting for the disk, and the server's answer received and discarded. */
export const yardsticks = ['cp -r', 'cp -r, sync', 'dropped'] as const;

/** Per client (or yardstick), the samples of one job in the order of the rounds. */
export type Samples = Readonly<Record<string, Measurement[]>>;

export interface SuiteResult {
  readonly nodes: number;
  readonly relationships: number;
  /** Of a full backup. */
  readonly storeBytes: number;
  /** Size of the log in the large incremental. */
  readonly logBytes: number;
  readonly transactions: number;
  readonly jobs: Readonly<Record<JobName, Samples>>;
}

export interface SuiteOptions {
  readonly fixture: StoreFixture;
  /** In the order of their turns. `cp` copies the first full backup. */
  readonly clients: Readonly<Record<string, BackupClient>>;
  readonly rounds: number;
  readonly transactions: number;
  readonly scratchDir: string;
  /** Also measure what no full backup can beat. */
  readonly yardsticks: boolean;
  readonly tell: (text: string) => void;
}

/**
 * Runs every job with every client alternately (A B A B) against one real server. Everything is flushed before each run, so that nobody
 * waits for another's writes; after each run the backup must be at the last transaction of the server.
 */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  await mkdir(options.scratchDir, { recursive: true });
  const server = await serveFixture(options.fixture, path.join(options.scratchDir, 'server'));
  try {
    return await new Suite(options, server).run();
  } finally {
    await server.stop();
    await rm(options.scratchDir, { recursive: true, force: true });
  }
}

class Suite {
  private readonly options: SuiteOptions;
  private readonly server: RunningServer;
  private readonly load: TransactionLoad;
  private readonly backups: string;
  private readonly bases: string;

  constructor(options: SuiteOptions, server: RunningServer) {
    this.options = options;
    this.server = server;
    this.load = new TransactionLoad(server, options.fixture);
    this.backups = path.join(options.scratchDir, 'backups');
    this.bases = path.join(options.scratchDir, 'bases');
  }

  async run(): Promise<SuiteResult> {
    await mkdir(this.backups, { recursive: true });
    const { nodes, relationships } = this.options.fixture;
    const full = await this.fullBackups();
    const storeBytes = await sizeOfDirectory(this.backupOf(this.names[0]!));
    const oneTransaction = await this.singleTransactions();
    await this.keepBases();
    const manyTransactions = await this.manyTransactions();
    return {
      nodes,
      relationships,
      storeBytes,
      logBytes: this.logBytes(),
      transactions: this.options.transactions,
      jobs: { full, oneTransaction, manyTransactions },
    };
  }

  private get names(): string[] {
    return Object.keys(this.options.clients);
  }

  private backupOf(name: string): string {
    return path.join(this.backups, name);
  }

  /** One round more than requested: the first fills the caches of server and system, and is not counted. */
  private async fullBackups(): Promise<Samples> {
    const samples = this.emptySamples();
    for (let round = 0; round <= this.options.rounds; round++) {
      for (const name of this.names) {
        await rm(this.backupOf(name), { recursive: true, force: true });
        const measured = await this.backUp(name, 'full', round);
        if (round > 0) samples[name]!.push(measured);
      }
      if (!this.options.yardsticks) continue;
      for (const name of yardsticks) {
        const measured = name === 'dropped' ? await this.dropAnswer() : await this.copyFiles(name);
        this.tell('full', name, round, measured);
        samples[name] ??= [];
        if (round > 0) samples[name].push(measured);
      }
    }
    return samples;
  }

  private async copyFiles(name: string): Promise<Measurement> {
    const target = path.join(this.options.scratchDir, 'copy');
    await flushDisks();
    const startedAt = performance.now();
    await runOrThrow('cp', ['-r', this.backupOf(this.names[0]!), target]);
    if (name !== 'cp -r') await flushDisks();
    const durationMs = performance.now() - startedAt;
    await rm(target, { recursive: true });
    return { durationMs, peakBytes: 0, cpuMs: 0, phasesMs: {} };
  }

  /** Received in this process; only the server sets the pace. */
  private async dropAnswer(): Promise<Measurement> {
    const [host, port] = this.server.backupAddress.split(':') as [string, string];
    const source = new CommonSource({ address: { host, port: Number(port) }, timeoutMs: DROP_TIMEOUT_MS });
    const nothing = () => Promise.resolve();
    const noFile = { bytes: () => undefined, restart: nothing, end: () => {}, discard: nothing };
    const drop = {
      openFile: () => Promise.resolve(noFile),
      transactionBytes: () => undefined,
    };
    const startedAt = performance.now();
    await source.fullCopy(drop, new AbortController().signal);
    return { durationMs: performance.now() - startedAt, peakBytes: 0, cpuMs: 0, phasesMs: {} };
  }

  private async singleTransactions(): Promise<Samples> {
    const samples = this.emptySamples();
    for (let round = 1; round <= this.options.rounds; round++) {
      await this.load.run(1);
      for (const name of this.names) samples[name]!.push(await this.backUp(name, 'incremental', round));
    }
    return samples;
  }

  private async keepBases(): Promise<void> {
    await runOrThrow('cp', ['-a', this.backups, this.bases]);
  }

  /** Every round begins with the same backups and brings the same transactions. */
  private async manyTransactions(): Promise<Samples> {
    const { transactions, rounds, tell } = this.options;
    const startedAt = performance.now();
    await this.load.run(transactions);
    tell(`${transactions} transactions committed in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    const samples = this.emptySamples();
    for (let round = 1; round <= rounds; round++) {
      for (const name of this.names) {
        await rm(this.backupOf(name), { recursive: true });
        await runOrThrow('cp', ['-a', path.join(this.bases, name), this.backupOf(name)]);
        samples[name]!.push(await this.backUp(name, 'incremental', round));
      }
    }
    return samples;
  }

  private async backUp(name: string, kind: BackupKind, round: number): Promise<Measurement> {
    await flushDisks();
    const target = { from: this.server.backupAddress, backupDir: this.backups, name };
    const measured = await this.options.clients[name]!(target, kind);
    const expected = await this.server.lastTransactionId();
    const { lastTransactionId } = readMetadata(path.join(this.backupOf(name), METADATA_FILE));
    if (lastTransactionId !== expected) {
      throw new Error(`the backup of ${name} is at transaction ${lastTransactionId}, the server at ${expected}`);
    }
    this.tell(kind, name, round, measured);
    return measured;
  }

  private tell(kind: BackupKind, name: string, round: number, { durationMs, cpuMs, peakBytes }: Measurement): void {
    const usage = peakBytes === 0 ? '' : `, processor ${cpuMs} ms, ${Math.round(peakBytes / 1e6)} MB`;
    const note = kind === 'full' && round === 0 ? ' (not counted)' : '';
    this.options.tell(`${kind} ${round}, ${name}: ${Math.round(durationMs)} ms${usage}${note}`);
  }

  private emptySamples(): Record<string, Measurement[]> {
    return Object.fromEntries(this.names.map((name) => [name, []]));
  }

  /** Our backup holds one log file, that of its last incremental; there is no other way to find its size. */
  private logBytes(): number {
    const { files } = listLogFiles(this.backupOf(this.names[0]!));
    return files.reduce((sum, file) => sum + statSync(file.path).size, 0);
  }
}

async function flushDisks(): Promise<void> {
  await runOrThrow('sync', []);
}
