import { join } from 'node:path';
import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { asGraphkeepError } from '../base/file-errors.ts';
import { startTimer } from '../base/timers.ts';
import { settings } from '../config/settings.ts';
import { formatAddress } from '../net/server-address.ts';
import { databaseAddress } from '../repository/catalogue/object-keys.ts';
import type { BackupSource } from '../source/backup-source.ts';
import { checkBackup } from './backup-check.ts';
import { type BackupEvent, type BackupNote, type BackupProtocol, isNote } from './backup-events.ts';
import {
  BackupFailed,
  type BackupOptions,
  type BackupReport,
  type FailedAttempt,
  isLiveFiles,
  type RepositoryPlace,
} from './backup-options.ts';
import { type BackupOutcome, type FullOutcome, makeFullBackup } from './full-backup.ts';
import { makeIncrementalBackup } from './incremental-backup.ts';
import { type LeftOut, makeTogether } from './several-targets.ts';
import { isWrongProtocol, type Strategy, strategiesFor } from './strategies.ts';
import type { BackupTarget } from './target/backup-target.ts';
import { DirectoryTarget } from './target/directory/directory-target.ts';
import type { Member } from './target/shared/members.ts';

/*
 * A backup, step by step, following the decision table of spec backup-command 3.2.
 *
 *   runBackup        open the target: lock it, finish or remove what a killed run left
 *   makeBackup       does the target hold a backup? For each protocol, until the server understands one:
 *     makeFirst        no: a full copy
 *     continueBackup   yes: fetch the missing transactions;
 *       fallBack         if that fails and a full copy may help: a full copy; the old backup is kept aside
 *   runBackup        check the backup, close the target
 *
 * With several repositories, several-targets.ts repeats makeBackup as often as needed, once as a rule.
 *
 * full-backup.ts and incremental-backup.ts define the two kinds of backup: the source delivers, the target receives and publishes. No step
 * knows which source or target it has.
 */

export interface MadeBackup {
  outcome: BackupOutcome;
  protocol: BackupProtocol;
  fallback?: NonNullable<BackupReport['fallback']>;
}

type OnEvent = (event: BackupEvent) => void;

/** How a backup is made that is one of many in the same process. */
export interface BackupRound {
  /** What to try, in order; their sources may stay open after this backup. */
  strategies: readonly Strategy[];
  /** Check only a full backup. */
  checksOnlyFull: boolean;
}

/**
 * Runs one backup into a directory or a repository, from beginning to end.
 *
 * @throws BackupFailed with the cause of each attempt; GraphkeepError for everything before the first attempt, and `check.inconsistent` or
 * `check.failed` after a completed backup
 */
export async function runBackup(
  options: BackupOptions,
  onEvent: OnEvent,
  signal: AbortSignal,
  round: BackupRound = { strategies: strategiesFor(options), checksOnlyFull: false },
): Promise<BackupReport> {
  const notes: BackupNote[] = [];
  const tell = (event: BackupEvent): void => {
    if (isNote(event)) notes.push(event);
    onEvent(event);
  };
  const made = await backUp(options, tell, signal, round);
  return { ...made, notes };
}

async function backUp(
  options: BackupOptions,
  onEvent: OnEvent,
  signal: AbortSignal,
  { strategies, checksOnlyFull }: BackupRound,
): Promise<Omit<BackupReport, 'notes'>> {
  const startedAt = performance.now();
  const startedOn = new Date();
  const path = locationOf(options);
  const server = isLiveFiles(options.from) ? options.from.directory : formatAddress(options.from);
  onEvent({ kind: 'backup-began', target: path, server });
  const { members, unopened } = await openTargets(options, onEvent, signal);
  const isDirectory = options.repositories === undefined;
  const makeOne = async (target: BackupTarget): Promise<MadeBackup> => {
    const make = (full = false) => makeBackup(target, options, onEvent, signal, strategies, full);
    const renews = options.repositories?.some(({ renew }) => renew) === true && (await target.holdsBackup());
    return await (renews ? renewBackup(target, make) : make());
  };
  try {
    const { target } = members[0]!;
    const isAlone = members.length === 1 && unopened.length === 0;
    const made = isAlone ? makeOne(target) : makeTogether(members, unopened, makeOne, onEvent, signal);
    const { outcome, protocol, fallback } = await made;
    const isChecked = isDirectory && options.checkConsistency && (outcome.kind === 'full' || !checksOnlyFull);
    const check = isChecked ? await checkBackup(target.location, options, onEvent, startedOn, signal) : undefined;
    const durationMs = Math.round(performance.now() - startedAt);
    const { kind: backup, lastTransaction, files, bytes } = outcome;
    onEvent({ kind: 'backup-ended', backup, lastTransaction, files, bytes, durationMs });
    return {
      ...outcome,
      durationMs,
      directory: path,
      server,
      protocol,
      ...(check === undefined ? {} : { check: { warnings: check.warnings } }),
      ...(fallback === undefined ? {} : { fallback }),
    };
  } finally {
    for (const { target } of members) await target.close();
  }
}

function locationOf({ repositories, backupDir, name }: BackupOptions): string {
  return repositories === undefined ? join(backupDir, name) : repositories.map(placeIn).join(', ');
}

function placeIn({ location, database }: RepositoryPlace): string {
  return databaseAddress(location, database);
}

/** One of several repositories that cannot be opened does not keep the others from their backup. */
async function openTargets(
  options: BackupOptions,
  onEvent: OnEvent,
  signal: AbortSignal,
): Promise<{ members: Member[]; unopened: LeftOut[] }> {
  const { repositories } = options;
  if (repositories === undefined) {
    const directory = { budgetBytes: options.memoryBudgetBytes, onEvent };
    return { members: [{ target: await DirectoryTarget.open(locationOf(options), directory) }], unopened: [] };
  }
  const { RepositoryTarget } = await import('./target/repository/repository-target.ts');
  const members: Member[] = [];
  const unopened: LeftOut[] = [];
  for (const place of repositories) {
    try {
      const { database, stateDirectory } = place;
      const target = await RepositoryTarget.open(await place.open(signal), database, signal, {
        stateDirectory,
        onEvent,
      });
      members.push({ target });
    } catch (error) {
      unopened.push({ location: placeIn(place), error });
    }
  }
  if (members.length === 0) throw unopened[0]!.error;
  return { members, unopened };
}

/** Makes one backup into any open target, within the time limit for a backup. Throws like {@link runBackup}. */
export async function makeBackup(
  target: BackupTarget,
  options: BackupOptions,
  onEvent: OnEvent,
  signal: AbortSignal,
  strategies: readonly Strategy[] = strategiesFor(options),
  full = false,
): Promise<MadeBackup> {
  const limitMs = options.config.get(settings.backupMaxTimeMs);
  const overtime = new AbortController();
  const timer = limitMs > 0 ? startTimer(() => overtime.abort(tookTooLong(limitMs)), limitMs) : undefined;
  try {
    return await new BackupJob(options, onEvent, { signal, overtime: overtime.signal }, target).run(strategies, full);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A full backup beside the one that is there, and every transaction between the two: first what is new, then the copy, then what came
 * meanwhile.
 */
async function renewBackup(target: BackupTarget, make: (full?: boolean) => Promise<MadeBackup>): Promise<MadeBackup> {
  const before = await make();
  if (before.outcome.kind === 'full') return before;
  target.renew?.();
  const made = await make(true);
  await make();
  return made;
}

function tookTooLong(limitMs: number): GraphkeepError {
  return new GraphkeepError('peer.timeout', 'the backup took too long', {
    observed: `not complete after ${limitMs / 1000} s`,
    hint: 'If the database is that large, or the network that slow, raise graphkeep.backup.max_time.',
  });
}

class BackupJob {
  private readonly options: BackupOptions;
  private readonly onEvent: OnEvent;
  private readonly signal: AbortSignal;
  /** Aborted with an error when the backup has taken too long. */
  private readonly overtime: AbortSignal;
  private readonly target: BackupTarget;
  /** The failed attempts. */
  private readonly attempts: FailedAttempt[] = [];

  constructor(
    options: BackupOptions,
    onEvent: OnEvent,
    { signal, overtime }: { signal: AbortSignal; overtime: AbortSignal },
    target: BackupTarget,
  ) {
    this.options = options;
    this.onEvent = onEvent;
    this.signal = AbortSignal.any([signal, overtime]);
    this.overtime = overtime;
    this.target = target;
  }

  /** `full`: make a full backup, whatever there is. */
  async run(strategies: readonly Strategy[], full: boolean): Promise<MadeBackup> {
    const holdsBackup = !full && (await this.target.holdsBackup());
    if (!full && !holdsBackup && !this.options.fallbackToFull) {
      throw this.failed('no-strategy', strategies.at(-1)!, this.noPreviousBackup());
    }
    for (const strategy of strategies) {
      const made = holdsBackup ? await this.continueBackup(strategy) : await this.makeFirst(strategy);
      if (made !== undefined) return made;
    }
    throw new BackupFailed('no-strategy', this.attempts);
  }

  /** Undefined if the server does not speak this protocol. */
  private async makeFirst(strategy: Strategy): Promise<MadeBackup | undefined> {
    const made = await this.fullBackup(strategy);
    return made === undefined ? undefined : { outcome: made.outcome, protocol: strategy.name };
  }

  private async continueBackup(strategy: Strategy): Promise<MadeBackup | undefined> {
    const { signal, target } = this;
    const onEvent = this.beginAttempt('incremental', strategy.name);
    const source = strategy.open(onEvent);
    try {
      return { outcome: await makeIncrementalBackup(source, target, onEvent, signal), protocol: strategy.name };
    } catch (caught) {
      const error = this.translate(caught);
      if (this.setAside(strategy, source, error)) return undefined;
      if (!this.mayFallBack(error)) throw this.failed('execution', strategy, error);
      return await this.fallBack(strategy, error);
    } finally {
      await source.close();
    }
  }

  /** A full copy cannot help if the incremental was stopped by the user, by a lock, or by lack of room. */
  private mayFallBack(error: unknown): boolean {
    if (!this.options.fallbackToFull || this.signal.aborted) return false;
    return !hasCode(error, 'cancelled', 'directory.in-use', 'file.io', 'internal');
  }

  private async fallBack(strategy: Strategy, error: GraphkeepError): Promise<MadeBackup | undefined> {
    const reason = describeError(error);
    this.onEvent({ kind: 'fallback-began', error });
    const made = await this.fullBackup(strategy);
    if (made === undefined) return undefined;
    if (made.replaced !== undefined) this.onEvent({ kind: 'old-backup-moved', path: made.replaced });
    return {
      outcome: made.outcome,
      protocol: strategy.name,
      fallback: { reason, movedTo: made.replaced ?? '' },
    };
  }

  private async fullBackup(strategy: Strategy): Promise<FullOutcome | undefined> {
    const { signal, target } = this;
    const onEvent = this.beginAttempt('full', strategy.name);
    const source = strategy.open(onEvent);
    try {
      return await makeFullBackup(source, target, onEvent, signal);
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
    this.onEvent({ kind: 'protocol-rejected', protocol: strategy.name, error });
    return true;
  }

  /** Returns the listener for the attempt's events: the first thing received shows that the protocol is the right one. */
  private beginAttempt(backup: 'full' | 'incremental', protocol: BackupProtocol): OnEvent {
    const { onEvent } = this;
    onEvent({ kind: 'attempt-began', backup, protocol });
    let isChosen = false;
    return (event) => {
      if (!isChosen && (event.kind === 'file-began' || event.kind === 'transactions-began')) {
        isChosen = true;
        onEvent({ kind: 'protocol-chosen', protocol });
      }
      onEvent(event);
    };
  }

  private translate(error: unknown): GraphkeepError {
    if (this.overtime.aborted && hasCode(error, 'cancelled')) return this.overtime.reason;
    return asGraphkeepError(error, this.target.location);
  }

  private failed(outcome: BackupFailed['outcome'], strategy: Strategy, error: GraphkeepError): GraphkeepError {
    if (hasCode(error, 'cancelled', 'internal')) return error;
    return new BackupFailed(outcome, [...this.attempts, { strategy: strategy.name, error }]);
  }

  private noPreviousBackup(): GraphkeepError {
    return new GraphkeepError('usage', 'there is no previous backup, and a full one is not allowed', {
      place: { file: this.target.location },
      hint: 'Make the first backup with --fallback-to-full=true (the default).',
    });
  }
}
