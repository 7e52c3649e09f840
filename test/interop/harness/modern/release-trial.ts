import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Dice } from '../../../../src/base/dice.ts';
import { type ReleaseResult, type ReleaseStep, releaseSteps } from '../../../support/modern/release-results.ts';
import { nextSeed } from '../../../support/random/seed.ts';
import { graphkeep } from '../graphkeep.ts';
import { makeScratch } from '../scratch.ts';
import { checkModern, loadDump } from './admin.ts';
import { findModernDifferences, judgeModern, readModernGraph } from './modern-graph.ts';
import { ModernLoad } from './modern-load.ts';
import type { LoadedMoment } from './modern-moment.ts';
import { ModernServer } from './server.ts';

const INCREMENTS = 3;

/**
 * One release under load, whose files go into a repository while it writes: a full backup, increments, three moments that its server opens
 * and its checker reads, and a dump that its own tool loads.
 *
 * Some releases of 5.x now and then keep another value than the one that was sent. So there is a second repository as a witness: its full
 * backup was made before the load, and everything else in it is log. Where a moment is not what was sent but comes back the same from both,
 * the server has written it so.
 */
export class ReleaseTrial {
  private readonly right: ReleaseStep[] = [];
  private readonly servers: ModernServer[] = [];
  private readonly dice = new Dice(nextSeed());
  private readonly repo = `--repo=${path.join(makeScratch('release'), 'repository')}`;
  private readonly witness = `--repo=${path.join(makeScratch('witness'), 'repository')}`;
  private differences = 0;
  private log: number | null = null;

  constructor(private readonly release: string) {}

  /** Tries it up to the first step that fails. */
  async run(): Promise<ReleaseResult> {
    try {
      await this.steps();
    } catch (error) {
      const step = releaseSteps[this.right.length]!;
      console.log(`${this.release}, ${step}: ${error instanceof Error ? error.stack : error}`);
      return { ...this.result(), failed: { step, reason: summarize(error) } };
    } finally {
      for (const server of this.servers) await server.kill();
    }
    return this.result();
  }

  private result(): Omit<ReleaseResult, 'failed'> {
    const { release, log, right, differences } = this;
    return { release, log, right, ...(differences > 0 ? { serverDiffers: differences } : {}) };
  }

  private async steps(): Promise<void> {
    const { dice, repo, witness, right } = this;
    const server = await this.start();
    for (const each of [repo, witness]) await graphkeep('repo', 'init', each, '--no-encryption');
    await this.backUpInto(witness, server, 'full');
    const load = new ModernLoad(server, { churn: true });
    await load.start();
    await load.advance(100);
    this.log = readLogFormat(server.logDirectory);
    right.push('start');

    const moments = [await this.backUp(server, load, 'full')];
    right.push('full');
    while (moments.length <= INCREMENTS) {
      await load.advance(dice.between(10, 40));
      moments.push(await this.backUp(server, load, 'incremental'));
    }
    const end = await load.stop();
    const own = await judgeModern(server, load.seed, end, end);
    if (own.length > 0) this.tellDifference('the server itself', own);
    await server.stop();
    right.push('increments');

    const [first, second] = moments as [LoadedMoment, LoadedMoment, ...LoadedMoment[]];
    const last = moments.at(-1)!;
    const inside = { transaction: dice.between(first.transaction, second.transaction) };
    const homes: string[] = [];
    for (const moment of [first, { ...inside, atLeast: first.atLeast, atMost: second.atMost }, last]) {
      const home = await this.restore(repo, moment.transaction);
      await this.judge(home, load.seed, moment);
      homes.push(home);
    }
    right.push('moments');
    for (const home of homes) requireNothing((await checkModern(this.release, home)).findings);
    right.push('check');

    const dump = path.join(makeScratch('dump'), 'neo4j.dump');
    await graphkeep('export', repo, `--to=${dump}`);
    const loaded = makeScratch('loaded');
    await loadDump(this.release, loaded, dump);
    await this.judge(loaded, load.seed, last);
    right.push('export');
  }

  private async backUp(server: ModernServer, load: ModernLoad, kind: string): Promise<LoadedMoment> {
    const atLeast = load.acknowledged();
    const transaction = await this.backUpInto(this.repo, server, kind);
    const atMost = load.sent();
    await this.backUpInto(this.witness, server, 'incremental');
    return { transaction, atLeast, atMost };
  }

  /** Returns the last transaction. */
  private async backUpInto(repo: string, server: ModernServer, kind: string): Promise<number> {
    const report = await graphkeep('backup', `--from=file:${server.home}`, repo, '--database=neo4j');
    if (report.kind !== kind) throw new Error(`the backup is ${report.kind}, not ${kind}: ${JSON.stringify(report)}`);
    return report.lastTransaction as number;
  }

  private async restore(repo: string, transaction: number): Promise<string> {
    const home = makeScratch(`restored-${transaction}`);
    await graphkeep('restore', repo, '--database=neo4j', `--until=${transaction}`, `--to=${path.join(home, 'data')}`);
    return home;
  }

  private async judge(home: string, seed: number, moment: LoadedMoment): Promise<void> {
    const opened = await this.start(home);
    const found = await judgeModern(opened, seed, moment.atLeast, moment.atMost);
    if (found.length > 0) {
      if (!(await this.isSaidByWitness(opened, moment))) requireNothing(found);
      this.tellDifference(`transaction ${moment.transaction}, from both repositories`, found);
    }
    await opened.stop();
  }

  private async isSaidByWitness(opened: ModernServer, { transaction }: LoadedMoment): Promise<boolean> {
    const other = await this.start(await this.restore(this.witness, transaction));
    const differences = findModernDifferences(await readModernGraph(other), await readModernGraph(opened));
    await other.stop();
    return differences.length === 0;
  }

  private tellDifference(where: string, found: readonly string[]): void {
    this.differences++;
    console.log(`${this.release}, ${where}: not as it was sent\n${found.join('\n')}`);
  }

  private async start(home?: string): Promise<ModernServer> {
    const server = await ModernServer.start({ version: this.release, ...(home === undefined ? {} : { home }) });
    this.servers.push(server);
    return server;
  }
}

function requireNothing(found: readonly string[]): void {
  if (found.length > 0) throw new Error(found.join('\n'));
}

/** The first byte of each log file. */
function readLogFormat(logDirectory: string): number {
  const name = readdirSync(logDirectory).find((each) => each.startsWith('neostore.transaction.db.'))!;
  return readFileSync(path.join(logDirectory, name))[0]!;
}

/** On one line, as it goes into a table. */
function summarize(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}
