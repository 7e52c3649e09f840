import { join } from 'node:path';
import { expect } from 'vitest';
import type { Dice } from '../../../src/base/dice.ts';
import type { CampaignPrograms, Running } from '../faults/campaign-programs.ts';

const WRITERS = 4;

/**
 * The database under test as seen from outside: what its process has said, over all its lives. Every transaction that was acknowledged
 * in one life must be there in the next one, and at most the one that each writer was waiting for besides.
 */
export class LiveLedger {
  readonly directory: string;
  /** Kinds of the events that the database has told, with how often. */
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

  /** Counters that a backup which begins now must reach. */
  get least(): number[] {
    return [...this.acknowledged];
  }

  /** Counters that a backup which has ended by now cannot exceed: each writer may be one ahead of what it was told. */
  get most(): number[] {
    return this.acknowledged.map((counter) => counter + 1);
  }

  /** A backup has these: so the database must never lose them, acknowledged or not. */
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

  /** Resolves after so many more acknowledged transactions, or at the death of the process. */
  async work(transactions: number): Promise<void> {
    const target = sum(this.acknowledged) + transactions;
    await this.until(() => sum(this.acknowledged) >= target);
  }

  /** Returns when every writer has been told of all that it has done: then {@link least} is what the database holds. */
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

  /** The process has been killed, or dies at any moment by its own hand; nothing else may have ended it. */
  async expectKilled(): Promise<void> {
    const { end, stderr } = await this.process!.ended;
    expect({ end, stderr, problem: this.problem }).toEqual({ end: 'SIGKILL', stderr: '', problem: undefined });
  }

  /** Ends the process in good order. Returns false if it was killed before that was done. */
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

  /** The heart of the matter: nothing that was acknowledged is lost. */
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
