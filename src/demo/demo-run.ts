import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { BackupReport } from '../backup/backup-options.ts';
import { throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, writeFileDurably } from '../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import { formatBytes } from '../config/sizes.ts';
import { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import { BackupListener } from '../serve/backup-listener.ts';
import { serveEmbedded } from '../serve/database/live-store.ts';
import { Bank, names } from './bank.ts';
import { formatCount, formatSeconds, type Narrator } from './narrator.ts';
import { RecordedHistory } from './recorded-graph.ts';
import { type Proof, proveEarlier, proveLive, proveRestored } from './restore-proof.ts';

/** The amount of work. */
export interface DemoPlan {
  writers: number;
  /** Transactions before the full backup, between it and the incremental, and afterwards. */
  early: number;
  later: number;
  after: number;
  /** Pause of a writer after each transaction. */
  pauseMs: number;
}

const DEMO_PLAN: DemoPlan = { writers: 8, early: 1200, later: 1200, after: 200, pauseMs: 0 };
const NAME = 'bank';
/** Small, so that check points and rotations happen during the backups. */
const CHECK_POINT_TRANSACTIONS = 1000;
const ROTATION_BYTES = 512 * 1024;

type Address = BackupListener['address'];

export interface DemoFolders {
  /** The parent directory of everything. */
  root: string;
  live: string;
  backups: string;
  /** NEO4J_HOME of the commands; the restored database is below it. */
  home: string;
  restored: string;
  repository: string;
  /** File with the identity that opens the repository. */
  key: string;
  /** What is restored from the repository. */
  earlier: string;
}

export function demoFolders(root: string): DemoFolders {
  const home = join(root, 'server');
  return {
    root,
    live: join(root, 'live'),
    backups: join(root, 'backups'),
    home,
    restored: join(home, 'data', 'databases', `${NAME}.db`),
    repository: join(root, 'repository'),
    key: join(root, 'key.txt'),
    earlier: join(root, 'earlier', `${NAME}.db`),
  };
}

/** Measured figures of a run. */
export interface DemoReport {
  seed: number;
  writers: number;
  /** Acknowledged while everything ran. */
  transactions: number;
  conflicts: number;
  checkPoints: number;
  rotations: number;
  backups: (Pick<BackupReport, 'kind' | 'firstTransaction' | 'lastTransaction' | 'bytes' | 'files' | 'durationMs'> & {
    transactionsMeanwhile: number;
  })[];
  proofs: Proof[];
  durationMs: number;
}

/** What a command printed, and what its backup job reported. */
export interface AdminResult {
  /** Lines about single files are merged. */
  lines: string[];
  report?: BackupReport;
}

/** Runs a command line of `bin/neo4j-admin` with a NEO4J_HOME; throws an error with its text if it fails. */
export type RunAdminCommand = (args: readonly string[], home: string, signal: AbortSignal) => Promise<AdminResult>;

/** What the demonstration needs from the program that shows it. */
export interface DemoWorld {
  signal: AbortSignal;
  runAdminCommand: RunAdminCommand;
  /** Runs a command line of `bin/graphkeep`, and returns its lines; throws an error with its text if it fails. */
  runCommand(args: readonly string[], signal: AbortSignal): Promise<string[]>;
}

/** Backs up a database under load over the network, into a directory and a repository, restores both and compares. */
export class DemoRun {
  private readonly folders: DemoFolders;
  private readonly world: DemoWorld;
  private readonly narrator: Narrator;
  private readonly seed: number;
  private readonly plan: DemoPlan;
  private readonly backups: DemoReport['backups'] = [];
  private acknowledgedBefore = 0;
  /** A transaction between two backups into the repository. */
  private moment = 0;
  private checkPoints = 0;
  private rotations = 0;

  constructor(folders: DemoFolders, world: DemoWorld, narrator: Narrator, seed: number, plan = DEMO_PLAN) {
    this.folders = folders;
    this.world = world;
    this.narrator = narrator;
    this.seed = seed;
    this.plan = plan;
  }

  /** @throws GraphkeepError whatever a step throws, `cancelled` if interrupted. Differences are in the report. */
  async run(): Promise<DemoReport> {
    const startedAt = performance.now();
    const { live, backups, home } = this.folders;
    for (const folder of [live, backups, home]) await makeDirectory(folder);
    const database = await EmbeddedDatabase.open(live, {
      rotationBytes: ROTATION_BYTES,
      checkPointTransactions: CHECK_POINT_TRANSACTIONS,
      onEvent: ({ kind }) => {
        if (kind === 'check-point') this.checkPoints++;
        else if (kind === 'rotated') this.rotations++;
      },
    });
    const history = new RecordedHistory(database);
    let proofs: Proof[];
    try {
      const bank = await this.createBank(database, history);
      await this.backUpUnderLoad(database, history, bank);
      await this.restore();
      await this.restoreMoment();
      proofs = await this.prove(database, history);
    } finally {
      await database.close();
    }
    proofs.push(await this.reopen());
    return {
      seed: this.seed,
      writers: this.plan.writers,
      transactions: history.size,
      conflicts: history.conflicts,
      checkPoints: this.checkPoints,
      rotations: this.rotations,
      backups: this.backups,
      proofs,
      durationMs: Math.round(performance.now() - startedAt),
    };
  }

  private async createBank(database: EmbeddedDatabase, history: RecordedHistory): Promise<Bank> {
    const { narrator } = this;
    narrator.step(`A database in the format of Neo4j 3.5: ${this.folders.live}`);
    const bank = await Bank.create(database, history, this.plan.writers);
    narrator.say('accounts, a uniqueness constraint on their numbers, an index on texts; no server, no Java');
    return bank;
  }

  private async backUpUnderLoad(database: EmbeddedDatabase, history: RecordedHistory, bank: Bank): Promise<void> {
    const { narrator, plan } = this;
    narrator.step(`${plan.writers} writers at the same time: transfers, and nodes with every type of property value`);
    const working = bank.work(this.seed, plan.pauseMs);
    const beside = (work: (signal: AbortSignal) => Promise<void>) => this.runBeside(working, work);
    try {
      await beside((signal) => this.watch(history, plan.early, signal));
      narrator.step('A backup listener, as a server has it on dbms.backup.address');
      const listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
      const { host, port } = listener.address;
      narrator.say(`listening on ${host}:${port} for this database; for one that nobody has open it would be`);
      narrator.command(`bin/graphkeep serve --database=${this.folders.live} --listen=${host}:${port}`);
      try {
        narrator.step('A full backup over the network, while the writers go on');
        await beside((signal) => this.backUp(listener.address, history, signal));
        await beside((signal) => this.watch(history, plan.later, signal));
        narrator.step('An incremental backup: the same command again');
        await beside((signal) => this.backUp(listener.address, history, signal));
        await beside((signal) => this.watch(history, plan.after, signal));
        await this.fillRepository(listener.address, history, beside);
      } finally {
        await listener.stop();
      }
    } finally {
      bank.close();
      await working.catch(() => undefined);
    }
    await working;
    const { checkPoints, rotations } = this;
    narrator.say(`so far the database has made ${checkPoints} check points and begun ${rotations} new log files`);
  }

  private async fillRepository(
    { host, port }: Address,
    history: RecordedHistory,
    beside: (work: (signal: AbortSignal) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { narrator, plan } = this;
    const { repository, key } = this.folders;
    narrator.step('The same into a repository: compressed, encrypted, and every moment from now on can be restored');
    const identity = await generateX25519Identity();
    await writeFileDurably(key, `${identity}\n`);
    narrator.say(`a key, as age-keygen makes one: ${key}`);
    const recipient = await identityToRecipient(identity);
    const backup = ['backup', `--from=${host}:${port}`, `--repo=${repository}`];
    await beside((signal) =>
      this.runCommand(['repo', 'init', `--repo=${repository}`, `--recipients=${recipient}`], signal),
    );
    await beside((signal) => this.runCommand(backup, signal));
    await beside((signal) => this.watch(history, plan.after, signal));
    this.moment = history.newest;
    await beside((signal) => this.watch(history, plan.after, signal));
    await beside((signal) => this.runCommand(backup, signal));
  }

  private async runCommand(args: readonly string[], signal: AbortSignal): Promise<void> {
    this.narrator.command(`bin/graphkeep ${args.join(' ')}`);
    this.narrator.output(await this.world.runCommand(args, signal));
  }

  /** Runs `work` while the writers continue; the failure of a writer ends both. */
  private async runBeside(working: Promise<void>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const failed = new AbortController();
    const running = work(AbortSignal.any([this.world.signal, failed.signal]));
    try {
      await Promise.race([running, working]);
    } catch (error) {
      failed.abort();
      await running.catch(() => undefined);
      throw error;
    }
  }

  private async watch(history: RecordedHistory, count: number, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const { conflicts } = history;
    await history.more(count, signal, (done) => {
      this.narrator.progress('writing', done, count);
    });
    const seconds = (performance.now() - startedAt) / 1000;
    this.narrator.say(
      `${formatCount(count)} transactions acknowledged in ${seconds.toFixed(1)} s (${formatCount(Math.round(count / seconds))} per second); ` +
        `${formatCount(history.conflicts - conflicts)} lost a race and were done again`,
    );
  }

  private async backUp(address: Address, history: RecordedHistory, signal: AbortSignal): Promise<void> {
    const { backups, home } = this.folders;
    const args = ['backup', `--from=${address.host}:${address.port}`, `--backup-dir=${backups}`, `--name=${NAME}`];
    this.narrator.command(`bin/neo4j-admin ${args.join(' ')}`);
    const before = history.size;
    this.acknowledgedBefore = history.newest;
    const { lines, report } = await this.world.runAdminCommand(args, home, signal);
    if (report === undefined) throw new GraphkeepError('internal', 'a backup has ended without a report');
    const transactionsMeanwhile = history.size - before;
    const { kind, firstTransaction, lastTransaction, bytes, files, durationMs } = report;
    this.backups.push({ kind, firstTransaction, lastTransaction, bytes, files, durationMs, transactionsMeanwhile });
    this.narrator.output(lines);
    const range =
      kind === 'full'
        ? `up to transaction ${lastTransaction}`
        : `transactions ${firstTransaction} to ${lastTransaction}`;
    this.narrator.say(
      `${kind}, ${range}: ${formatBytes(bytes)} in ${formatSeconds(durationMs)}, while ${formatCount(transactionsMeanwhile)} more were acknowledged`,
    );
  }

  private async restore(): Promise<void> {
    const { narrator } = this;
    const { backups, home, restored } = this.folders;
    narrator.step('The backup is restored into another place');
    const args = ['restore', `--from=${join(backups, NAME)}`, `--database=${NAME}.db`];
    narrator.command(`NEO4J_HOME=${home} bin/neo4j-admin ${args.join(' ')}`);
    const startedAt = performance.now();
    const { lines } = await this.world.runAdminCommand(args, home, this.world.signal);
    narrator.output(lines);
    narrator.say(`${restored}, in ${formatSeconds(performance.now() - startedAt)}`);
  }

  private async restoreMoment(): Promise<void> {
    const { repository, key, earlier } = this.folders;
    this.narrator.step(
      `From the repository: the database as it was after transaction ${this.moment}, between two backups`,
    );
    const where = [`--repo=${repository}`, `--identity=${key}`, `--until=${this.moment}`, `--to=${earlier}`];
    await this.runCommand(['restore', ...where], this.world.signal);
  }

  private async prove(database: EmbeddedDatabase, history: RecordedHistory): Promise<Proof[]> {
    throwIfCancelled(this.world.signal);
    const { narrator, acknowledgedBefore } = this;
    narrator.step('The proof: what the writers had asked for, against the files of the restored database');
    const { lastTransaction } = this.backups.at(-1)!;
    const restored = { directory: this.folders.restored, lastTransaction, acknowledgedBefore };
    const earlier = proveEarlier(this.folders.earlier, this.moment, history);
    const proofs = [proveLive(database, history), ...(await proveRestored(restored, history)), earlier];
    for (const proof of proofs) this.tell(proof);
    return proofs;
  }

  /** Opens the restored database for work: commits one more transaction and checks that the constraint is still enforced. */
  private async reopen(): Promise<Proof> {
    throwIfCancelled(this.world.signal);
    const { lastTransaction } = this.backups.at(-1)!;
    const differences: string[] = [];
    const database = await EmbeddedDatabase.open(this.folders.restored);
    try {
      const { transactionId } = await database.transact((transaction) => transaction.createNode([names.sample]));
      if (transactionId === undefined || transactionId <= lastTransaction) differences.push('it takes no transaction');
      const number = database.findNodes(names.account, names.number, { type: 'long', value: 0n })[0]?.properties ?? {};
      const taken = await isRefused(
        database.transact((transaction) => transaction.createNode([names.account], number)),
      );
      if (!taken) differences.push('the uniqueness constraint is not enforced');
    } finally {
      await database.close();
    }
    const claim = `opened for work it goes on with transaction ${lastTransaction + 1}, and the constraint holds`;
    const proof = { claim, compared: 2, differences };
    this.tell(proof);
    return proof;
  }

  private tell({ claim, compared, differences }: Proof): void {
    this.narrator.say(`${differences.length === 0 ? 'ok   ' : 'NOT: '} ${claim} (${formatCount(compared)} compared)`);
    this.narrator.output(differences.slice(0, 10));
    if (differences.length > 10) this.narrator.output([`... and ${formatCount(differences.length - 10)} more`]);
  }
}

async function isRefused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (hasCode(error, 'embedded.constraint')) return true;
    throw error;
  }
}
