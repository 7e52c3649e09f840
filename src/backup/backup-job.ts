import { join } from 'node:path';
import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { fileError, systemCodeOf } from '../base/file-errors.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { CommonSource } from '../source/common/common-source.ts';
import { checkBackup } from './backup-check.ts';
import { type BackupEvents, BackupFailed, type BackupOptions, type BackupReport } from './backup-options.ts';
import { type BackupOutcome, makeFullBackup } from './full-backup.ts';
import { makeIncrementalBackup } from './incremental-backup.ts';
import { TargetDirectory } from './target-directory.ts';

type Fallback = NonNullable<BackupReport['fallback']>;

/**
 * One backup from beginning to end: takes the lock of the target, decides between full and incremental, falls back to a full one if that is
 * allowed, publishes, checks, tidies up. The decision table is the one of backup-command spec 3.2.
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
  const target = await TargetDirectory.open(join(options.backupDir, options.name));
  try {
    const source = chooseSource(options, events);
    const job = new BackupJob(options, events, signal, target, source);
    const { outcome, fallback } = await job.run();
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

/** Catchup has no client yet; `any` therefore means the common protocol, and says so. */
function chooseSource(options: BackupOptions, events: BackupEvents): BackupSource {
  if (options.protocol === 'catchup') {
    throw new GraphkeepError('usage', 'the catchup protocol of causal clusters is not available in this version', {
      observed: '--protocol=catchup',
      hint: 'Use --protocol=common for a standalone or HA server.',
    });
  }
  if (options.protocol === 'any') {
    events.note(
      'The catchup protocol is not available in this version: using the common protocol (standalone and HA servers).',
    );
  }
  return new CommonSource({ address: options.from, timeoutMs: options.timeoutMs });
}

class BackupJob {
  private readonly options: BackupOptions;
  private readonly events: BackupEvents;
  private readonly signal: AbortSignal;
  private readonly target: TargetDirectory;
  private readonly source: BackupSource;

  constructor(
    options: BackupOptions,
    events: BackupEvents,
    signal: AbortSignal,
    target: TargetDirectory,
    source: BackupSource,
  ) {
    this.options = options;
    this.events = events;
    this.signal = signal;
    this.target = target;
    this.source = source;
  }

  async run(): Promise<{ outcome: BackupOutcome; fallback?: Fallback }> {
    const state = await this.target.state();
    if (state === 'backup') return await this.continueBackup();
    if (state === 'foreign') throw this.foreign();
    if (!this.options.fallbackToFull) throw this.failed('no-strategy', this.noPreviousBackup());
    this.events.line('Doing full backup...');
    return { outcome: (await this.fullBackup()).outcome };
  }

  private async continueBackup(): Promise<{ outcome: BackupOutcome; fallback?: Fallback }> {
    this.events.line('Destination is not empty, doing incremental backup...');
    try {
      const { events, signal, target, source } = this;
      return { outcome: await makeIncrementalBackup(source, target, events, this.options.memoryBudgetBytes, signal) };
    } catch (caught) {
      const error = this.translate(caught);
      if (!this.mayFallBack(error)) throw this.failed('execution', error);
      return await this.fallBack(error);
    }
  }

  /** A full copy cannot help where the incremental was stopped by the user, by a lock, or by the lack of room. */
  private mayFallBack(error: unknown): boolean {
    if (!this.options.fallbackToFull || this.signal.aborted) return false;
    return !hasCode(error, 'cancelled', 'directory.in-use', 'file.io', 'internal');
  }

  private async fallBack(error: unknown): Promise<{ outcome: BackupOutcome; fallback: Fallback }> {
    const reason = describeError(error);
    this.events.note(`Incremental backup failed, falling back to a full one: ${reason}`);
    this.events.line('Doing full backup...');
    const { outcome, replaced } = await this.fullBackup();
    this.events.note(`The old backup was moved to ${replaced}`);
    return { outcome, fallback: { reason, movedTo: replaced ?? '' } };
  }

  private async fullBackup(): Promise<{ outcome: BackupOutcome; replaced: string | undefined }> {
    try {
      const { events, signal, target, source } = this;
      const outcome = await makeFullBackup(source, target, events, this.options.memoryBudgetBytes, signal);
      return { outcome, replaced: await target.publish() };
    } catch (error) {
      throw this.failed('no-strategy', this.translate(error));
    }
  }

  /** What the operating system refused is an error with a place, whoever noticed it; anything else that is not ours is a mistake. */
  private translate(error: unknown): GraphkeepError {
    if (error instanceof GraphkeepError) return error;
    if (systemCodeOf(error) === undefined) {
      return new GraphkeepError('internal', error instanceof Error ? error.message : String(error), { cause: error });
    }
    const { path, syscall } = error as NodeJS.ErrnoException;
    return fileError(error, syscall ?? 'use the file', path ?? this.target.path);
  }

  private failed(outcome: 'no-strategy' | 'execution', error: GraphkeepError): GraphkeepError {
    if (error instanceof BackupFailed || hasCode(error, 'cancelled', 'internal')) return error;
    return new BackupFailed(outcome, [{ strategy: 'common', error }]);
  }

  private noPreviousBackup(): GraphkeepError {
    return new GraphkeepError('usage', 'there is no previous backup, and a full one is not allowed', {
      place: { file: this.target.path },
      hint: 'Make the first backup with --fallback-to-full=true (the default).',
    });
  }

  private foreign(): GraphkeepError {
    const { path } = this.target;
    return new GraphkeepError(
      'usage',
      `Can only perform a full backup into an empty directory but ${path} is not empty`,
      {
        hint: 'Choose another --name, or move the files away.',
      },
    );
  }
}
