import { join } from 'node:path';
import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { asGraphkeepError } from '../base/file-errors.ts';
import { startTimer } from '../base/timers.ts';
import { settings } from '../config/settings.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { recogniseStore } from '../store/files/store-recognition.ts';
import { describeUnsupported } from '../store/files/supported-store.ts';
import { checkBackup } from './backup-check.ts';
import {
  type BackupEvents,
  BackupFailed,
  type BackupOptions,
  type BackupReport,
  type FailedAttempt,
} from './backup-options.ts';
import { type BackupOutcome, makeFullBackup } from './full-backup.ts';
import { makeIncrementalBackup } from './incremental-backup.ts';
import { isWrongProtocol, type Strategy, strategiesFor } from './strategies.ts';
import { TargetDirectory } from './target-directory.ts';

interface MadeBackup {
  outcome: BackupOutcome;
  fallback?: NonNullable<BackupReport['fallback']>;
}

/**
 * One backup from beginning to end: takes the lock of the target, tries one protocol after the other until the server understands one,
 * decides between full and incremental, falls back to a full one if that is allowed, publishes, checks, tidies up. The decision table is the one of backup-command spec 3.2.
 *
 * @throws BackupFailed with the cause of each attempt; GraphkeepError for everything before the first attempt, and `check.inconsistent` or
 * `check.failed` after a backup that was made
 */
export async function runBackup(
  options: BackupOptions,
  events: BackupEvents,
  signal: AbortSignal,
): Promise<BackupReport> {
  const startedAt = performance.now();
  const startedOn = new Date();
  const target = await TargetDirectory.open(join(options.backupDir, options.name), (text) => events.note(text));
  try {
    const limitMs = options.config.get(settings.backupMaxTimeMs);
    const overtime = new AbortController();
    const timer = limitMs > 0 ? startTimer(() => overtime.abort(tookTooLong(limitMs)), limitMs) : undefined;
    const job = new BackupJob(options, events, { signal, overtime: overtime.signal }, target);
    const { outcome, fallback } = await job.run().finally(() => clearTimeout(timer));
    if (options.checkConsistency) await checkBackup(target.path, options, events, startedOn, signal);
    events.line('Backup complete.');
    return {
      ...outcome,
      durationMs: performance.now() - startedAt,
      notes: [],
      ...(fallback === undefined ? {} : { fallback }),
    };
  } finally {
    await target.close();
  }
}

function tookTooLong(limitMs: number): GraphkeepError {
  return new GraphkeepError('peer.timeout', 'the backup took too long', {
    observed: `not complete after ${limitMs / 1000} s`,
    hint: 'If the database is that large, or the network that slow, raise graphkeep.backup.max_time.',
  });
}

class BackupJob {
  private readonly options: BackupOptions;
  private readonly events: BackupEvents;
  private readonly signal: AbortSignal;
  /** Aborted when the backup has taken too long, with the error for that. */
  private readonly overtime: AbortSignal;
  private readonly target: TargetDirectory;
  /** What was tried in vain. */
  private readonly attempts: FailedAttempt[] = [];
  private announced: string | undefined;

  constructor(
    options: BackupOptions,
    events: BackupEvents,
    { signal, overtime }: { signal: AbortSignal; overtime: AbortSignal },
    target: TargetDirectory,
  ) {
    this.options = options;
    this.events = events;
    this.signal = AbortSignal.any([signal, overtime]);
    this.overtime = overtime;
    this.target = target;
  }

  async run(): Promise<MadeBackup> {
    const state = await this.target.state();
    if (state === 'foreign') throw this.target.foreign();
    if (state === 'backup') await this.refuseOtherRelease();
    const strategies = strategiesFor(this.options, this.events);
    if (state === 'absent' && !this.options.fallbackToFull) {
      throw this.failed('no-strategy', strategies.at(-1)!, this.noPreviousBackup());
    }
    for (const strategy of strategies) {
      const made = state === 'backup' ? await this.continueBackup(strategy) : await this.makeFirst(strategy);
      if (made !== undefined) return made;
    }
    throw new BackupFailed('no-strategy', this.attempts);
  }

  /** Undefined if the server does not speak this protocol. */
  private async makeFirst(strategy: Strategy): Promise<MadeBackup | undefined> {
    const made = await this.fullBackup(strategy);
    return made === undefined ? undefined : { outcome: made.outcome };
  }

  private async continueBackup(strategy: Strategy): Promise<MadeBackup | undefined> {
    const { events, signal, target, options } = this;
    this.announce('Destination is not empty, doing incremental backup...');
    const source = strategy.open();
    try {
      return { outcome: await makeIncrementalBackup(source, target, events, options.memoryBudgetBytes, signal) };
    } catch (caught) {
      const error = this.translate(caught);
      if (this.setAside(strategy, source, error)) return undefined;
      if (!this.mayFallBack(error)) throw this.failed('execution', strategy, error);
      return await this.fallBack(strategy, error);
    } finally {
      await source.close();
    }
  }

  /** A full copy cannot help where the incremental was stopped by the user, by a lock, or by the lack of room. */
  private mayFallBack(error: unknown): boolean {
    if (!this.options.fallbackToFull || this.signal.aborted) return false;
    return !hasCode(error, 'cancelled', 'directory.in-use', 'file.io', 'internal');
  }

  private async fallBack(strategy: Strategy, error: unknown): Promise<MadeBackup | undefined> {
    const reason = describeError(error);
    this.events.note(`Incremental backup failed, falling back to a full one: ${reason}`);
    const made = await this.fullBackup(strategy);
    if (made === undefined) return undefined;
    this.events.note(`The old backup was moved to ${made.replaced}`);
    return { outcome: made.outcome, fallback: { reason, movedTo: made.replaced ?? '' } };
  }

  private async fullBackup(
    strategy: Strategy,
  ): Promise<{ outcome: BackupOutcome; replaced: string | undefined } | undefined> {
    const { events, signal, target, options } = this;
    this.announce('Doing full backup...');
    const source = strategy.open();
    try {
      const outcome = await makeFullBackup(source, target, events, options.memoryBudgetBytes, signal);
      return { outcome, replaced: await target.publish() };
    } catch (caught) {
      const error = this.translate(caught);
      if (this.setAside(strategy, source, error)) return undefined;
      throw this.failed(strategy.failure, strategy, error);
    } finally {
      await source.close();
    }
  }

  /** True if the next protocol is to be tried. */
  private setAside(strategy: Strategy, source: BackupSource, error: GraphkeepError): boolean {
    if (this.signal.aborted || !isWrongProtocol(source, error)) return false;
    this.attempts.push({ strategy: strategy.name, error });
    this.events.debug(`The ${strategy.name} protocol does not work: ${describeError(error)}`);
    return true;
  }

  /** Each line once, however many protocols are tried. */
  private announce(line: string): void {
    if (this.announced !== line) this.events.line(line);
    this.announced = line;
  }

  private translate(error: unknown): GraphkeepError {
    if (this.overtime.aborted && hasCode(error, 'cancelled')) return this.overtime.reason;
    return asGraphkeepError(error, this.target.path);
  }

  private failed(outcome: BackupFailed['outcome'], strategy: Strategy, error: GraphkeepError): GraphkeepError {
    if (hasCode(error, 'cancelled', 'internal')) return error;
    return new BackupFailed(outcome, [...this.attempts, { strategy: strategy.name, error }]);
  }

  private noPreviousBackup(): GraphkeepError {
    return new GraphkeepError('usage', 'there is no previous backup, and a full one is not allowed', {
      place: { file: this.target.path },
      hint: 'Make the first backup with --fallback-to-full=true (the default).',
    });
  }

  /** Not ours, so nothing that a full backup may move aside; a damaged or incomplete one is. */
  private async refuseOtherRelease(): Promise<void> {
    const store = await recogniseStore(this.target.path);
    if (store.kind === 'other') throw describeUnsupported(store, this.target.path);
  }
}
