import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { sleep } from '../../base/timers.ts';
import type { HistoryTail } from '../../source/backup-source.ts';
import { runBackup } from '../backup-job.ts';
import { type BackupOptions, type BackupReport, isLiveFiles } from '../backup-options.ts';
import { lastingStrategiesFor } from '../strategies.ts';
import { causeOf, mayPass } from './follow-errors.ts';
import type { FollowedEvent, FollowState } from './follow-events.ts';
import { FollowPace } from './follow-pace.ts';

/** Within so short a time nothing is worth another look, in milliseconds. */
const LOOK_MS = 100;

/** Files are read without asking anybody; a server has to answer each time. Milliseconds. */
const DEFAULT_INTERVAL_MS = { files: 1000, server: 10_000 };

export function defaultFollowIntervalMs({ from }: Pick<BackupOptions, 'from'>): number {
  return DEFAULT_INTERVAL_MS[isLiveFiles(from) ? 'files' : 'server'];
}

export interface FollowOptions extends BackupOptions {
  /** The backup is never further behind than this while transactions come, unless one backup takes half as long. Milliseconds. */
  intervalMs: number;
}

/** What a followed backup has done, when it is stopped. Files and bytes are those of all its backups. */
export interface FollowReport extends Omit<BackupReport, 'kind' | 'check' | 'fallback' | 'notes'> {
  kind: 'followed';
  /** Full backups that were made: perhaps the first one, and each that replaced a backup. */
  fullBackups: number;
  /** Incremental backups that added something. */
  incrementalBackups: number;
}

/**
 * Keeps a backup up to date until it is stopped: one backup after the other, each of them complete. Between two of them the target is not
 * locked, so it can be restored, checked and copied.
 *
 *   backup ──► wait until something is new, and the interval is nearly over ──► backup ──► ...
 *     └─ failed, but may succeed later ──► wait, longer each time ──────────────┘
 */
export class FollowedBackup {
  private readonly options: FollowOptions;
  private readonly onEvent: (event: FollowedEvent) => void;
  private readonly pace: FollowPace;
  private readonly startedAt = performance.now();
  private readonly done = { files: 0, bytes: 0, fullBackups: 0, incrementalBackups: 0 };
  private first: BackupReport | undefined;
  private last: BackupReport | undefined;
  /** The backup holds all that the source had then. */
  private coveredAt = 0;
  /** Set from the first failure to the next success. `told`: the error that was reported last. */
  private interruption: { since: number; told: string } | undefined;
  private isFallenBack = false;

  /** `onEvent` must not throw. */
  constructor(options: FollowOptions, onEvent: (event: FollowedEvent) => void) {
    this.options = options;
    this.onEvent = onEvent;
    this.pace = new FollowPace(options.intervalMs);
  }

  /**
   * Runs until the signal aborts.
   * @throws GraphkeepError what the first backup throws; later what nothing but a change of the command or of the target can mend
   */
  async run(signal: AbortSignal): Promise<FollowReport> {
    const { strategies, tail, close } = lastingStrategiesFor(this.options);
    const round = { strategies, checksOnlyFull: true };
    try {
      for (;;) {
        const startedAt = performance.now();
        const report = await this.attempt(() => runBackup(this.options, this.onEvent, signal, round), signal);
        if (report === undefined) continue;
        this.take(report, startedAt);
        await this.waitForMore(tail, this.pace.pauseAfter(performance.now() - startedAt), signal);
      }
    } catch (error) {
      if (!signal.aborted || this.last === undefined) throw error;
      return this.report(this.last);
    } finally {
      await close();
    }
  }

  /** Undefined if the backup has failed and may succeed now, after a pause. */
  private async attempt(backUp: () => Promise<BackupReport>, signal: AbortSignal): Promise<BackupReport | undefined> {
    try {
      return await backUp();
    } catch (caught) {
      const error = asGraphkeepError(caught);
      if (signal.aborted || this.last === undefined || !mayPass(error, this.options)) throw error;
      const retryMs = this.pace.pauseAfterFailure();
      this.interrupt(error, retryMs);
      await sleep(retryMs, signal);
      return undefined;
    }
  }

  private interrupt(error: GraphkeepError, retryMs: number): void {
    const { message } = causeOf(error);
    if (this.interruption?.told !== message) this.onEvent({ kind: 'follow-interrupted', error, retryMs });
    this.interruption = { since: this.interruption?.since ?? performance.now(), told: message };
  }

  private take(report: BackupReport, startedAt: number): void {
    const { done } = this;
    const isFirst = this.last === undefined;
    this.requireFollowable(report);
    if (report.kind === 'full') done.fullBackups++;
    if (report.kind === 'incremental') done.incrementalBackups++;
    done.files += report.files;
    done.bytes += report.bytes;
    this.first ??= report;
    const behindMs = Math.round(performance.now() - (isFirst ? startedAt : this.coveredAt));
    this.last = report;
    this.coveredAt = startedAt;
    if (this.interruption !== undefined) {
      const afterMs = Math.round(performance.now() - this.interruption.since);
      this.onEvent({ kind: 'follow-resumed', afterMs });
    }
    this.interruption = undefined;
    if (isFirst || report.kind !== 'unchanged') this.onEvent({ kind: 'followed', report, behindMs });
  }

  /** A server that removes its log faster than it is fetched would be copied whole again and again, and each copy kept. */
  private requireFollowable({ kind, fallback }: BackupReport): void {
    if (kind !== 'full') {
      this.isFallenBack = false;
      return;
    }
    if (this.isFallenBack) {
      throw new GraphkeepError('peer.history-pruned', 'a full backup had to follow another one', {
        observed: fallback?.reason ?? 'the backup in the target was removed',
        hint:
          'If the server removes its log too early, raise dbms.tx_log.rotation.retention_policy there, or shorten the interval. ' +
          'The replaced backups are still there: remove those that nobody needs.',
      });
    }
    this.isFallenBack = true;
  }

  /** Returns when the next backup is due: after the pause, and as soon as something is new if that can be seen. */
  private async waitForMore(tail: HistoryTail | undefined, pauseMs: number, signal: AbortSignal): Promise<void> {
    const dueAt = performance.now() + pauseMs;
    if (tail === undefined) {
      this.tell(undefined);
      await sleep(pauseMs, signal);
      return;
    }
    try {
      for await (const waiting of tail.watch(signal)) {
        const now = performance.now();
        if (waiting === 0) this.coveredAt = now;
        this.tell(waiting);
        if (waiting > 0 && dueAt - now < LOOK_MS) break;
      }
    } catch (error) {
      // Whatever it is, the next backup says it better.
      if (signal.aborted) throw error;
    }
    await sleep(Math.max(0, dueAt - performance.now()), signal);
  }

  private tell(transactionsBehind: number | undefined): void {
    const { last, coveredAt } = this;
    const state: FollowState = {
      lastTransaction: last!.lastTransaction,
      behindMs: transactionsBehind === 0 ? 0 : Math.round(performance.now() - coveredAt),
      ...(transactionsBehind === undefined ? {} : { transactionsBehind }),
    };
    this.onEvent({ kind: 'looked', ...state });
  }

  private report({ directory, server, protocol, lastTransaction }: BackupReport): FollowReport {
    const { firstTransaction } = this.first!;
    const durationMs = Math.round(performance.now() - this.startedAt);
    return {
      kind: 'followed',
      directory,
      server,
      protocol,
      firstTransaction,
      lastTransaction,
      ...this.done,
      durationMs,
    };
  }
}
