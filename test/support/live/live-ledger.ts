import { join } from 'node:path';
import { expect } from 'vitest';
import type { Dice } from '../../../src/base/dice.ts';
import type { CampaignPrograms, Running } from '../faults/campaign-programs.ts';

const WRITERS = 4;

/**
 * The database under test as seen from outside: what its process has reported, over all its lives. Every transaction acknowledged in one
 * life must be there in the next one, plus at most the one that each writer was waiting for.
 */
export class LiveLedger {
  readonly directory: string;
  /** Number of events of each kind that the database has reported. */
  readonly events = new Map<string, number>();
  /** Newest transaction of each writer that was acknowledged, or that the database had when it was opened. */
  private acknowledged: number[] = Array.from({ length: WRITERS }, () => 0);
  /** Newest transaction of each writer that is in some backup. */
  private backedUp: number[] = [];
  private readonly programs: CampaignPrograms;
  private process: Running | undefined;
  private port = 0;
  private isResting = false;
  private closed: number[] | undefined;
  private problem: string | undefined;
  private wake: () => void = () => {};

  constructor(programs: CampaignPrograms, scratch: string) {
    this.programs = programs;
    this.directory = join(scratch, 'live');
  }

  get isRunning(): boolean {
    return this.process !== undefined && !this.process.isOver;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Counters that a backup beginning now must reach. */
  get least(): number[] {
    return [...this.acknowledged];
  }

  /** Counters that a backup that has ended by now cannot exceed: each writer may be one ahead of what it was told. */
  get most(): number[] {
    return this.acknowledged.map((counter) => counter + 1);
  }

  /** A backup has these counters, so the database must never lose them, acknowledged or not. */
  noteBackup(counters: readonly number[]): void {
    this.backedUp = counters.map((counter, writer) => Math.max(counter, this.backedUp[writer] ?? 0));
  }

  /** Starts the process with small files and frequent check points. False if it was killed before it listened. */
  async start(dice: Dice, killAt = 0): Promise<boolean> {
    const job = {
      directory: this.directory,
      writers: WRITERS,
      seed: dice.below(2 ** 31),
      rotationBytes: dice.pick([16, 64, 256]) * 1024,
      checkPointTransactions: dice.pick([20, 100, 400]),
      retention: dice.pick(['false', '2 files', '100k size', '300 txs', '7 days']),
      pauseMs: dice.pick([2, 6, 12]),
    };
    this.port = 0;
    this.isResting = false;
    this.closed = undefined;
    this.process = this.programs.startLedger(job, { killAt, onLine: (line) => this.read(line) });
    await this.until(() => this.port > 0);
    if (this.port > 0) return true;
    await this.expectKilled();
    return false;
  }

  /** Resolves after this many more acknowledged transactions, or when the process dies. */
  async work(transactions: number): Promise<void> {
    const target = sum(this.acknowledged) + transactions;
    await this.until(() => sum(this.acknowledged) >= target);
  }

  /** Resolves when every writer has been told of everything that it has done: {@link least} is then the content of the database. */
  async rest(): Promise<void> {
    this.process!.kill('SIGUSR2');
    await this.until(() => this.isResting);
    expect(this.isResting).toBe(true);
  }

  goOn(): void {
    this.isResting = false;
    this.process!.kill('SIGUSR2');
  }

  async kill(): Promise<void> {
    this.process!.kill('SIGKILL');
    await this.expectKilled();
  }

  /** The process was killed, or will kill itself at any moment; it must not have ended otherwise. */
  async expectKilled(): Promise<void> {
    const { end, stderr } = await this.process!.ended;
    expect({ end, stderr, problem: this.problem }).toEqual({ end: 'SIGKILL', stderr: '', problem: undefined });
  }

  /** Shuts the process down. Returns false if it was killed before that was done. */
  async stop(): Promise<boolean> {
    this.process!.kill('SIGTERM');
    const { end, stderr } = await this.process!.ended;
    expect({ stderr, problem: this.problem }).toEqual({ stderr: '', problem: undefined });
    if (end === 'SIGKILL') return false;
    expect({ end, closed: this.closed }).toEqual({ end: 0, closed: this.acknowledged });
    return true;
  }

  private read(line: string): void {
    const [kind, ...rest] = line.split(' ');
    const numbers = rest.map(Number);
    if (kind === 'ack') this.readAcknowledgement(numbers[0]!, numbers[1]!);
    else if (kind === 'open') this.readOpening(numbers);
    else if (kind === 'listening') this.port = numbers[0]!;
    else if (kind === 'resting') this.isResting = true;
    else if (kind === 'closed') this.closed = numbers;
    else if (kind === 'event') this.readEvent(rest[0]!);
    else this.problem ??= `unknown line: ${line}`;
    this.wake();
  }

  private readAcknowledgement(writer: number, number: number): void {
    if (number !== this.acknowledged[writer]! + 1) {
      this.problem ??= `writer ${writer}: ${number} is acknowledged after ${this.acknowledged[writer]}`;
    }
    this.acknowledged[writer] = number;
  }

  /** The central check: nothing that was acknowledged is lost. */
  private readOpening(counters: number[]): void {
    const isPossible = counters.every((counter, writer) => {
      const before = this.acknowledged[writer]!;
      if (counter < (this.backedUp[writer] ?? 0)) return false;
      return counter === before || counter === before + 1;
    });
    if (!isPossible || counters.length !== WRITERS) {
      this.problem ??= `it opens with counters ${counters} after ${this.acknowledged} were acknowledged and ${this.backedUp} backed up`;
    }
    this.acknowledged = counters;
  }

  private readEvent(kind: string): void {
    this.events.set(kind, (this.events.get(kind) ?? 0) + 1);
    if (kind === 'failed' || kind === 'check-point-failed') this.problem ??= `the database says: ${kind}`;
  }

  private async until(isReached: () => boolean): Promise<void> {
    const { ended } = this.process!;
    while (!isReached() && !this.process!.isOver && this.problem === undefined) {
      await Promise.race([
        ended,
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
      ]);
    }
    expect(this.problem).toBeUndefined();
  }
}

function sum(counters: readonly number[]): number {
  return counters.reduce((total, counter) => total + counter, 0);
}
