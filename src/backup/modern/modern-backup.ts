import { describeError, GraphkeepError, hasCode } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import type { TimelineHistory } from '../../repository/reading/database-history.ts';
import { RateLimit } from '../../source/live-files/rate-limit.ts';
import { KeptDatabase } from '../../source/modern-files/kept-database.ts';
import type { ModernPlace } from '../../source/modern-files/running-database.ts';
import { type BackupEvent, type BackupNote, isNote } from '../backup-events.ts';
import { BackupFailed, type BackupReport, type RepositoryPlace } from '../backup-options.ts';
import type { BackupOutcome } from '../full-backup.ts';
import { RepositoryTarget } from '../target/repository/repository-target.ts';
import { makeModernFull } from './modern-full.ts';
import { makeModernIncremental, type StoredHead, storedHead } from './modern-incremental.ts';

/*
 * A backup of a database of 4.2 or later, from its files, into a repository. The steps are those of backup-job.ts: the first backup is
 * full; later ones add the log since; if that is not possible, a full one begins another timeline. What is different: the log is kept byte
 * for byte, nothing is replayed, and a server completes what is restored. So files and log do not pass through the interfaces of sources
 * and targets, which deal in transactions.
 */

export interface ModernBackupOptions {
  readonly from: ModernPlace;
  readonly repository: RepositoryPlace;
  readonly fallbackToFull: boolean;
  /** Most bytes per second that are read of store files. */
  readonly bytesPerSecond: number | undefined;
}

type OnEvent = (event: BackupEvent) => void;

/** A fault of one history: a full backup begins another one. */
const BROKEN = ['peer.history-pruned', 'peer.other-store', 'peer.diverged', 'peer.behind', 'log.gap'] as const;

/**
 * `source`: stays open after this backup, for the next one.
 * @throws BackupFailed with the cause; GraphkeepError for everything before the first attempt: `repository.*`, `object.*`
 */
export async function runModernBackup(
  options: ModernBackupOptions,
  onEvent: OnEvent,
  signal: AbortSignal,
  source?: KeptDatabase,
): Promise<BackupReport> {
  const { from, repository } = options;
  const startedAt = performance.now();
  const notes: BackupNote[] = [];
  const tell = (event: BackupEvent): void => {
    if (isNote(event)) notes.push(event);
    onEvent(event);
  };
  const directory = databaseAddress(repository.location, repository.database);
  tell({ kind: 'backup-began', target: directory, server: from.directory });
  const { stateDirectory } = repository;
  const target = await RepositoryTarget.open(await repository.open(signal), repository.database, signal, {
    stateDirectory,
    onEvent: tell,
  });
  const database = source ?? new KeptDatabase(from);
  try {
    const { outcome, fallback } = await new ModernBackup(options, database, target, tell, signal).run();
    const durationMs = Math.round(performance.now() - startedAt);
    const { kind: backup, lastTransaction, files, bytes } = outcome;
    tell({ kind: 'backup-ended', backup, lastTransaction, files, bytes, durationMs });
    const report = { ...outcome, durationMs, directory, server: from.directory, protocol: 'files' as const, notes };
    return fallback === undefined ? report : { ...report, fallback };
  } finally {
    if (source === undefined) database.close();
    await target.close();
  }
}

interface Made {
  outcome: BackupOutcome;
  fallback?: NonNullable<BackupReport['fallback']>;
}

class ModernBackup {
  private readonly options: ModernBackupOptions;
  private readonly source: KeptDatabase;
  private readonly target: RepositoryTarget;
  private readonly onEvent: OnEvent;
  private readonly signal: AbortSignal;

  constructor(
    options: ModernBackupOptions,
    source: KeptDatabase,
    target: RepositoryTarget,
    onEvent: OnEvent,
    signal: AbortSignal,
  ) {
    this.options = options;
    this.source = source;
    this.target = target;
    this.onEvent = onEvent;
    this.signal = signal;
  }

  async run(): Promise<Made> {
    const newest = await this.target.newest();
    if (newest !== undefined) return await this.goOn(newest);
    if (this.options.fallbackToFull) return await this.attempt(() => this.full(undefined, false));
    throw new GraphkeepError('usage', 'there is no previous backup, and a full one is not allowed', {
      place: { object: this.target.location },
      hint: 'Make the first backup with --fallback-to-full=true (the default).',
    });
  }

  private async goOn(newest: TimelineHistory): Promise<Made> {
    const head = storedHead(newest);
    let made: BackupOutcome;
    try {
      made = await this.incremental(newest, head);
    } catch (error) {
      const mayFallBack = this.options.fallbackToFull && !this.signal.aborted && hasCode(error, ...BROKEN);
      if (!mayFallBack) throw failed(error);
      this.onEvent({ kind: 'fallback-began', error });
      const { outcome, fallback } = await this.attempt(() => this.full(newest, false));
      return { outcome, fallback: { reason: describeError(error), movedTo: fallback?.movedTo ?? '' } };
    }
    if (!this.options.repository.renew) return { outcome: made };
    return await this.attempt(() => this.renew());
  }

  /** A full backup in the same timeline. The log is filled up from where it ended before, so that no moment is lost. */
  private async renew(): Promise<Made> {
    const newest = (await this.target.newest())!;
    const made = await this.full(newest, true);
    await this.incremental((await this.target.newest())!, storedHead(newest));
    return made;
  }

  private async incremental(history: TimelineHistory, head: StoredHead): Promise<BackupOutcome> {
    const onEvent = this.beginAttempt('incremental');
    return await this.source.use(false, (database) =>
      makeModernIncremental({ database, run: this.target.run, history, head, onEvent }),
    );
  }

  private async full(newest: TimelineHistory | undefined, goesOn: boolean): Promise<Made> {
    const onEvent = this.beginAttempt('full');
    const copying = { rate: new RateLimit(this.options.bytesPerSecond), signal: this.signal };
    const make = () =>
      this.source.use(true, (database) =>
        makeModernFull({ database, run: this.target.run, newest, goesOn, copying, onEvent }),
      );
    const { outcome, replaced } = await make().catch((error: unknown) => {
      // The server was restarted meanwhile: that is over now.
      if (!hasCode(error, 'peer.other-store') || this.signal.aborted) throw error;
      return make();
    });
    return replaced === undefined ? { outcome } : { outcome, fallback: { reason: '', movedTo: replaced } };
  }

  private async attempt<T>(make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      throw failed(error);
    }
  }

  private beginAttempt(backup: 'full' | 'incremental'): OnEvent {
    this.onEvent({ kind: 'attempt-began', backup, protocol: 'files' });
    this.onEvent({ kind: 'protocol-chosen', protocol: 'files' });
    return this.onEvent;
  }
}

function failed(caught: unknown): GraphkeepError {
  const error = asGraphkeepError(caught);
  if (hasCode(error, 'cancelled', 'internal')) return error;
  return new BackupFailed('execution', [{ strategy: 'files', error }]);
}
