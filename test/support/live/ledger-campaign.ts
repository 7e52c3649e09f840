import { readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { Dice } from '../../../src/base/dice.ts';
import type { Finding } from '../../../src/check/findings/finding.ts';
import { checkStore } from '../../../src/check/store-check.ts';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { CampaignPrograms, type Running, type StartOptions } from '../faults/campaign-programs.ts';
import { expectedLedger, readLedger } from './counted-ledger.ts';
import { LiveLedger } from './live-ledger.ts';

const NAME = 'ledger';
const DATABASE = 'ledger.db';

/** What a campaign has done. */
export interface CampaignFigures {
  rounds: number;
  kills: number;
  /** Kills by what was killed and how. */
  killsOf: Record<string, number>;
  /** Completed cycles that were verified, by kind. */
  cycles: Record<string, number>;
  transactions: number;
  events: Record<string, number>;
}

/**
 * A live database with concurrent writers, its backup client, a restore, and a second listener on the restored database, each in a separate
 * process. One of them is killed in most rounds, by time or at the n-th change of the file system. Then the work continues, and everything
 * that a user relies on is verified.
 */
export class LedgerCampaign {
  readonly figures: CampaignFigures = { rounds: 0, kills: 0, killsOf: {}, cycles: {}, transactions: 0, events: {} };
  private readonly scratch: string;
  private readonly dice: Dice;
  private readonly programs: CampaignPrograms;
  private readonly live: LiveLedger;
  private readonly backups: string;
  private readonly secondHand: string;
  private readonly home: string;
  /** Duration of each command the last time it was not killed. */
  private readonly latestMs = new Map<string, number>();
  /** Counters of the newest backup and of the restored database. */
  private backedUp: number[] = [];
  private restored: number[] = [];

  private constructor(scratch: string, seed: number, programs: CampaignPrograms) {
    this.scratch = scratch;
    this.dice = new Dice(seed);
    this.programs = programs;
    this.live = new LiveLedger(programs, scratch);
    this.backups = join(scratch, 'backups');
    this.secondHand = join(scratch, 'second-hand');
    this.home = join(scratch, 'home');
  }

  /** Everything that may be in the scratch folder while the database is closed. */
  private get folders(): string[] {
    const { backups, secondHand, home, live } = this;
    return [backups, secondHand, home, live.directory].map((path) => basename(path)).sort();
  }

  static async prepare(scratch: string, seed: number): Promise<LedgerCampaign> {
    const campaign = new LedgerCampaign(scratch, seed, await CampaignPrograms.build());
    for (const folder of [campaign.backups, campaign.secondHand, campaign.home, campaign.live.directory]) {
      await mkdir(folder, { recursive: true });
    }
    return campaign;
  }

  async end(): Promise<void> {
    if (this.live.isRunning) await this.live.kill();
    this.programs.remove();
  }

  /**
   * Runs every kind of round once, then random ones until there are enough kills and verified cycles. `choose` takes some of the
   * kills of a client, of those of the database, and of the other kinds, which include undisturbed backups.
   */
  async run(
    rounds: number,
    onRound: (figures: CampaignFigures) => void = () => {},
    choose: <T>(kinds: T[]) => T[] = (kinds) => kinds,
  ): Promise<CampaignFigures> {
    const backups = [() => this.backUp(true), () => this.backUp(false), () => this.backUp(true)];
    const clientKills = choose([() => this.killClient('time'), () => this.killClient('step')]);
    const writerKills = choose([
      () => this.killWriterDuringBackup(),
      () => this.killWriter(),
      () => this.startDoomedWriter(),
    ]);
    const others = choose([
      ...backups,
      () => this.restore(),
      () => this.killRestore(),
      () => this.stopWriter(),
      () => this.copySecondHand(),
      () => this.killSecondHand(),
    ]);
    const kills = [...clientKills, ...writerKills];
    const isBackup = (kind: () => Promise<void>) => backups.includes(kind);
    // Backups first, so that a kill has something to lose.
    const kinds = [...others.filter(isBackup), ...kills, ...others.filter((kind) => !isBackup(kind))];
    for (const kind of kinds) await kind();
    // Kills are chosen more often than undisturbed work.
    while (this.figures.rounds < rounds) {
      await this.dice.pick([...kinds, ...kills])();
      onRound(this.figures);
    }
    await this.backUp();
    await this.restore();
    await this.stopWriter();
    this.figures.transactions = this.live.least.reduce((sum, counter) => sum + counter, 0);
    this.figures.events = Object.fromEntries(this.live.events);
    return this.figures;
  }

  // --- the database ---

  private async ensureWriter(): Promise<void> {
    if (!this.live.isRunning) expect(await this.live.start(this.dice)).toBe(true);
  }

  /** Kills under load, without a backup. */
  private async killWriter(): Promise<void> {
    await this.ensureWriter();
    await this.live.work(this.dice.between(0, 150));
    await this.live.kill();
    this.countKill('database, by time');
    await this.ensureWriter();
  }

  /** Killed at a change of its files: during the start, a check point, a rotation, or a commit. */
  private async startDoomedWriter(): Promise<void> {
    if (this.live.isRunning) await this.live.kill();
    const killAt = this.dice.pick([this.dice.between(1, 30), this.dice.between(1, 200), this.dice.between(1, 1500)]);
    if (await this.live.start(this.dice, killAt)) {
      await this.live.work(300);
      if (this.live.isRunning) await this.live.kill();
      else await this.live.expectKilled();
    }
    this.countKill('database, at a change of a file');
    await this.ensureWriter();
  }

  private async stopWriter(): Promise<void> {
    await this.ensureWriter();
    await this.live.work(this.dice.between(0, 60));
    expect(await this.live.stop()).toBe(true);
    expect(await this.verify(this.live.directory)).toEqual(this.live.least);
    expectNoLeftovers(this.live.directory, /^(neostore(\..*)?|schema|store_lock)$/);
    expect(readdirSync(this.scratch).filter((name) => name !== 'store_lock')).toEqual(this.folders);
    this.countCycle('clean stop of the database');
  }

  // --- backups of the live database ---

  /** A backup that nothing disturbs; sometimes nobody writes meanwhile, so that its last transaction is known. */
  private async backUp(isQuiet = this.dice.chance(0.4)): Promise<void> {
    await this.ensureWriter();
    await this.live.work(this.dice.between(1, 40));
    if (isQuiet) await this.live.rest();
    const { least } = this.live;
    const { end, stdout, stderr } = await this.runBackup(this.live.address, this.backups).ended;
    expect({ end, stdout, stderr }).toMatchObject({ end: 0, stdout: expect.stringContaining('Backup complete.') });
    const reason = /falling back to a full one: (.*)/.exec(stderr)?.[1];
    // The only valid reason is what the database has pruned; histories that do not match would be a loss.
    if (reason !== undefined) expect(reason).toMatch(/no longer|pruned|removed/);
    this.countCycle(`${describeBackup(stdout, reason)}${isQuiet ? ', writers at rest' : ''}`);
    this.backedUp = await this.verifyBackup(this.backups, least, isQuiet ? least : this.live.most);
    this.live.noteBackup(this.backedUp);
    if (isQuiet) this.live.goOn();
  }

  private async killClient(how: 'time' | 'step'): Promise<void> {
    await this.ensureWriter();
    await this.live.work(this.dice.between(1, 20));
    const killAt = how === 'step' ? this.dice.between(1, this.dice.pick([30, 150, 400])) : 0;
    const client = this.runBackup(this.live.address, this.backups, { killAt });
    if (how === 'time') await this.killSoon(client, 'backup');
    const { end, stderr } = await client.ended;
    // It may have been faster than the kill.
    if (end === 0) await this.verifyBackup(this.backups, this.backedUp, this.live.most);
    else {
      expect({ end, stderr }).toMatchObject({ end: 'SIGKILL' });
      this.countKill(`backup client, ${how === 'time' ? 'by time' : 'at a change of a file'}`);
    }
    await this.backUp();
  }

  private async killWriterDuringBackup(): Promise<void> {
    await this.ensureWriter();
    await this.live.work(this.dice.between(1, 20));
    const { least } = this.live;
    const client = this.runBackup(this.live.address, this.backups);
    await Promise.race([client.ended, pause(this.dice.below(this.latestMs.get('backup') ?? 300))]);
    await this.live.kill();
    this.countKill('database, during a backup');
    const { end, stdout, stderr } = await client.ended;
    if (end === 0) await this.verifyBackup(this.backups, least, this.live.most);
    else {
      expect({ end, stdout, stderr }).toMatchObject({ end: 1, stderr: expect.stringContaining('command failed') });
      // The previous content must still be there.
      if (this.backedUp.length > 0) expect(await this.verify(join(this.backups, NAME))).toEqual(this.backedUp);
    }
    await this.backUp();
  }

  private runBackup(from: string, backupDir: string, options: StartOptions = {}): Running {
    const args = ['backup', `--from=${from}`, `--backup-dir=${backupDir}`, `--name=${NAME}`, '--protocol=common'];
    const startedAt = performance.now();
    const client = this.programs.neo4jAdmin(args, this.withHome(options));
    void client.ended.then(({ end }) => {
      if (end === 0) this.noteDuration('backup', performance.now() - startedAt);
    });
    return client;
  }

  /** The counters of a new backup, after inspecting everything in its folder. */
  private async verifyBackup(folder: string, least: readonly number[], most: readonly number[]): Promise<number[]> {
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${NAME}.err.`)) rmSync(join(folder, name), { recursive: true });
    }
    expect(readdirSync(folder)).toEqual([NAME]);
    expectNoLeftovers(join(folder, NAME), /^(neostore(\..*)?|schema)$/);
    const counters = await this.verify(join(folder, NAME));
    const isWithin = counters.every((counter, i) => counter >= (least[i] ?? 0) && counter <= most[i]!);
    expect({ counters, least, most, isWithin }).toMatchObject({ isWithin: true });
    return counters;
  }

  // --- the restored database ---

  private get restoredDirectory(): string {
    return join(this.home, 'data', 'databases', DATABASE);
  }

  private runRestore(options: StartOptions = {}): Running {
    const args = ['restore', `--from=${join(this.backups, NAME)}`, `--database=${DATABASE}`, '--force'];
    return this.programs.neo4jAdmin(args, this.withHome(options));
  }

  private async restore(): Promise<void> {
    if (this.backedUp.length === 0) return;
    const startedAt = performance.now();
    const { end, stderr } = await this.runRestore().ended;
    expect({ end, stderr }).toEqual({ end: 0, stderr: '' });
    this.noteDuration('restore', performance.now() - startedAt);
    this.restored = await this.verify(this.restoredDirectory);
    expect(this.restored).toEqual(this.backedUp);
    expect(readdirSync(join(this.home, 'data', 'databases')).filter((name) => name !== 'store_lock')).toEqual([
      DATABASE,
    ]);
    expect(readdirSync(this.backups)).toEqual([NAME]);
    expectNoLeftovers(this.restoredDirectory, /^(neostore(\..*)?|schema)$/);
    this.countCycle('restore');
  }

  private async killRestore(): Promise<void> {
    if (this.backedUp.length === 0) return;
    const isTimed = this.dice.chance(0.5);
    const restore = this.runRestore({ killAt: isTimed ? 0 : this.dice.between(1, 120) });
    if (isTimed) await this.killSoon(restore, 'restore');
    const { end, stderr } = await restore.ended;
    if (end === 0) this.restored = this.backedUp;
    else {
      expect({ end, stderr }).toEqual({ end: 'SIGKILL', stderr: '' });
      this.countKill('restore');
      // The old database or the new one, complete.
      if (this.restored.length > 0) {
        const found = await this.verify(this.restoredDirectory);
        expect([this.restored, this.backedUp]).toContainEqual(found);
      }
    }
    await this.restore();
  }

  // --- a listener on the restored database ---

  /** A backup of the restored database through `graphkeep serve`. */
  private async copySecondHand(): Promise<void> {
    if (this.restored.length === 0) await this.restore();
    const server = await this.startServer();
    const { end, stderr } = await this.runBackup(server.address, this.secondHand).ended;
    expect({ end, stderr }).toMatchObject({ end: 0 });
    expect(await this.verifyBackup(this.secondHand, this.restored, this.restored)).toEqual(this.restored);
    server.process.kill('SIGTERM');
    const stopped = await server.process.ended;
    expect({ end: stopped.end, stderr: stopped.stderr }).toMatchObject({ end: 0 });
    this.countCycle('backup of a stand-alone listener');
  }

  /** The listener, or its client, is killed in the middle. */
  private async killSecondHand(): Promise<void> {
    if (this.restored.length === 0) await this.restore();
    // Half of the time everything is copied, otherwise there is hardly anything to do.
    if (this.dice.chance(0.5)) rmSync(join(this.secondHand, NAME), { recursive: true, force: true });
    const server = await this.startServer();
    const client = this.runBackup(server.address, this.secondHand);
    const [victim, name] = this.dice.chance(0.6)
      ? [server.process, 'stand-alone listener']
      : [client, 'client of a stand-alone listener'];
    if (await this.killSoon(victim, 'backup', client)) this.countKill(name);
    const { end, stderr } = await client.ended;
    if (victim === server.process) expect({ end, stderr, ok: end === 0 || end === 1 }).toMatchObject({ ok: true });
    server.process.kill();
    await server.process.ended;
    await this.copySecondHand();
  }

  private async startServer(): Promise<{ process: Running; address: string }> {
    let ready: (address: string | undefined) => void = () => {};
    const listening = new Promise<string | undefined>((resolve) => {
      ready = resolve;
    });
    const args = ['serve', `--database=${this.restoredDirectory}`, '--listen=127.0.0.1:0', '--json'];
    const onLine = (line: string) => {
      const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (address !== undefined) ready(address);
    };
    const process = this.programs.graphkeep(args, this.withHome({ onLine }));
    void process.ended.then(() => ready(undefined));
    const address = await listening;
    if (address === undefined) throw new Error(`graphkeep serve has ended: ${JSON.stringify(await process.ended)}`);
    return { process, address };
  }

  // --- what all share ---

  /** Requires a store that is clean and complete in every part, and returns its counters. */
  private async verify(directory: string): Promise<number[]> {
    // A killed incremental leaves a log to be recovered; the next run does that.
    const { counters, lines } = readLedger(directory);
    expect(lines).toEqual(expectedLedger(counters));
    expect(findRecoveryStart(directory).needed).toBe(false);
    const findings: Finding[] = [];
    await checkStore(directory, { propertyOwners: true, onFinding: (finding) => findings.push(finding) });
    expect(findings).toEqual([]);
    return counters;
  }

  /** Kills a process at a random moment within the duration of `command`; false if it (or `client`) had ended before. */
  private async killSoon(victim: Running, command: string, client = victim): Promise<boolean> {
    await Promise.race([client.ended, pause(this.dice.below(this.latestMs.get(command) ?? 300))]);
    const isAlive = !client.isOver && !victim.isOver;
    victim.kill('SIGKILL');
    return isAlive;
  }

  private noteDuration(command: string, durationMs: number): void {
    this.latestMs.set(command, Math.round(durationMs));
  }

  private withHome(options: StartOptions): StartOptions {
    return { ...options, env: { NEO4J_HOME: this.home } };
  }

  private countKill(what: string): void {
    this.figures.kills++;
    this.figures.rounds++;
    this.figures.killsOf[what] = (this.figures.killsOf[what] ?? 0) + 1;
  }

  private countCycle(what: string): void {
    this.figures.rounds++;
    this.figures.cycles[what] = (this.figures.cycles[what] ?? 0) + 1;
  }
}

function describeBackup(stdout: string, fallback: string | undefined): string {
  if (fallback !== undefined) return 'full backup, because the log was pruned';
  return stdout.includes('doing incremental backup') ? 'incremental backup' : 'full backup';
}

/** Only what belongs in a database, and no temporary file below it. */
function expectNoLeftovers(directory: string, allowed: RegExp): void {
  expect(readdirSync(directory).filter((name) => !allowed.test(name))).toEqual([]);
  const all = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  expect(all.filter((name) => /\.tmp|graphkeep|\.runs/.test(name))).toEqual([]);
}
