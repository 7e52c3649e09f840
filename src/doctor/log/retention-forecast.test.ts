import { describe, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { Dice } from '../../base/dice.ts';
import type { RetentionPolicy } from '../../config/retention-policy.ts';
import { type PrunableLogFile, planPruning } from '../../log/v3/retention.ts';
import type { LogHistory } from './log-history.ts';
import { longestPause, measureTraffic, timeUntilPruned } from './retention-forecast.ts';

const ROTATION_BYTES = 1000;
/** Of a server of 3.x, whose rule of pruning is known. */
const of3 = (...policies: RetentionPolicy[]) => ({ policies, rotationBytes: ROTATION_BYTES, alwaysKept: 2 as const });
const STEP_MS = 100;

/** A log with steady traffic, whose server makes a check point and prunes after each step, by the rule that the server has. */
class SteadyLog {
  readonly files: PrunableLogFile[] = [];
  nowMs = 1_000_000;
  private last = 1;
  private readonly policy: RetentionPolicy;
  private readonly bytesPerStep: number;
  private readonly transactionsPerStep: number;

  constructor(policy: RetentionPolicy, bytesPerStep: number, transactionsPerStep: number) {
    this.policy = policy;
    this.bytesPerStep = bytesPerStep;
    this.transactionsPerStep = transactionsPerStep;
    this.begin(0);
  }

  get newest(): PrunableLogFile {
    return this.files.at(-1)!;
  }

  step(): void {
    this.nowMs += STEP_MS;
    this.newest.firstStartedMs ??= this.nowMs;
    this.newest.sizeBytes += this.bytesPerStep;
    this.last += this.transactionsPerStep;
    if (this.newest.sizeBytes >= ROTATION_BYTES) this.begin(this.newest.version + 1);
    const request = {
      policy: this.policy,
      checkPointVersion: this.newest.version,
      lastCommitted: this.last,
      nowMs: this.nowMs,
    };
    const removed = planPruning(request, this.files[0]!.version, (version) =>
      this.files.find((file) => file.version === version),
    );
    for (const version of removed) {
      expect(this.files[0]!.version).toBe(version);
      this.files.shift();
    }
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.step();
  }

  history(): LogHistory {
    const { files, last, nowMs } = this;
    return {
      directory: '',
      files: files.map((file) => ({ ...file })),
      bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      oldest: { transaction: files[0]!.firstTransaction, atMs: files[0]!.firstStartedMs },
      newest: { transaction: last, atMs: nowMs },
      checkPoint: undefined,
    };
  }

  /** How long the file of this version stays. */
  survivalOf(version: number, limitMs: number): number {
    const beganMs = this.nowMs;
    while (this.files[0]!.version <= version && this.nowMs - beganMs < limitMs) this.step();
    return this.nowMs - beganMs;
  }

  private begin(version: number): void {
    this.files.push({ version, sizeBytes: 16, firstTransaction: this.last + 1, firstStartedMs: undefined });
  }
}

const policies: [string, RetentionPolicy][] = [
  ['false', { keep: 'transactions', count: 1 }],
  ['3 files', { keep: 'files', count: 3 }],
  ['1 files', { keep: 'files', count: 1 }],
  ['4500 size', { keep: 'size', bytes: 4500 }],
  ['100 size', { keep: 'size', bytes: 100 }],
  ['90 txs', { keep: 'transactions', count: 90 }],
  ['8 s', { keep: 'time', ms: 8000 }],
  ['1 s', { keep: 'time', ms: 1000 }],
];

/** Sizes are of whole steps, and rates are measured over a few files. */
const tolerance = (ms: number) => 4 * STEP_MS + ms / 8;

describe('the forecast of pruning', () => {
  it.each(policies)('the policy %s keeps a file as long as was foretold, and not much longer', (_, policy) => {
    const dice = new Dice(SEED);
    for (let round = 0; round < campaign.rounds(40); round++) {
      const log = new SteadyLog(policy, 50 + dice.below(80), 1 + dice.below(5));
      log.run(200 + dice.below(60));
      const history = log.history();
      const traffic = measureTraffic(history, ROTATION_BYTES, log.nowMs)!;
      const { version } = dice.pick(history.files);
      const foretold = timeUntilPruned(version, of3(policy), history, traffic, log.nowMs);
      const survived = log.survivalOf(version, 10 * foretold + 100_000);
      expect({ round, version, isKept: survived >= foretold - tolerance(foretold) }).toEqual({
        round,
        version,
        isKept: true,
      });
      expect({
        round,
        version,
        isPruned: survived <= foretold + 3 * traffic.longestFileMs + tolerance(foretold),
      }).toEqual({
        round,
        version,
        isPruned: true,
      });
    }
  });

  it.each(policies)(
    'with the policy %s, whoever comes before the longest pause finds the next transaction',
    (_, policy) => {
      const dice = new Dice(SEED);
      for (let round = 0; round < campaign.rounds(40); round++) {
        const log = new SteadyLog(policy, 50 + dice.below(80), 1 + dice.below(5));
        log.run(200);
        const pause = longestPause(of3(policy), measureTraffic(log.history(), ROTATION_BYTES, log.nowMs)!);
        // The worst moment: the newest file is about to be closed.
        while (log.newest.sizeBytes < ROTATION_BYTES - 140) log.step();
        const survived = log.survivalOf(log.newest.version, 10 * pause + 100_000);
        expect({ round, isKept: survived >= pause - tolerance(pause) }).toEqual({ round, isKept: true });
      }
    },
  );

  it('a log that is never pruned stays for ever', () => {
    const log = new SteadyLog({ keep: 'all' }, 100, 1);
    log.run(50);
    const history = log.history();
    const traffic = measureTraffic(history, ROTATION_BYTES, log.nowMs)!;
    expect(longestPause(of3({ keep: 'all' }), traffic)).toBe(Number.POSITIVE_INFINITY);
    expect(timeUntilPruned(0, of3({ keep: 'all' }), history, traffic, log.nowMs)).toBe(Number.POSITIVE_INFINITY);
  });

  it('of two policies the one that keeps less counts', () => {
    const log = new SteadyLog({ keep: 'all' }, 100, 1);
    log.run(200);
    const traffic = measureTraffic(log.history(), ROTATION_BYTES, log.nowMs)!;
    const [time, size]: RetentionPolicy[] = [
      { keep: 'time', ms: 48 * 3_600_000 },
      { keep: 'size', bytes: 3000 },
    ];
    const both = longestPause(of3(time!, size!), traffic);
    expect(both).toBe(longestPause(of3(size!), traffic));
    expect(both).toBeLessThan(longestPause(of3(time!), traffic));
  });

  it('since 5.0 the file before that of the check point need not stay', () => {
    const log = new SteadyLog({ keep: 'all' }, 100, 1);
    log.run(55);
    const history = log.history();
    const traffic = measureTraffic(history, ROTATION_BYTES, log.nowMs)!;
    const none: RetentionPolicy = { keep: 'transactions', count: 1 };
    const of5 = { ...of3(none), alwaysKept: 1 as const };
    const { version } = history.files.at(-2)!;
    expect(timeUntilPruned(version, of5, history, traffic, log.nowMs)).toBe(0);
    expect(timeUntilPruned(version, of3(none), history, traffic, log.nowMs)).toBeGreaterThan(0);
  });

  it('a log with transactions of a single moment says nothing about its traffic', () => {
    const log = new SteadyLog({ keep: 'all' }, 100, 1);
    log.run(1);
    expect(measureTraffic(log.history(), ROTATION_BYTES, log.nowMs)).toBeUndefined();
  });
});
