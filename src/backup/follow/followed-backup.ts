import { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { sleep } from '../../base/timers.ts';
import type { HistoryTail } from '../../source/backup-source.ts';
import type { BackupReport } from '../backup-options.ts';
import { causeOf } from './follow-errors.ts';
import type { FollowedEvent, FollowState } from './follow-events.ts';
import { FollowPace } from './follow-pace.ts';
import type { Followed } from './followed.ts';

/** Within so short a time nothing is worth another look, in milliseconds. */
const LOOK_MS = 100;

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
  private readonly followed: Followed;
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

  /**
   * `intervalMs`: the backup is never further behind than this while transactions come, unless one backup takes half as long. `onEvent`
   * must not throw.
   */
  constructor(followed: Followed, intervalMs: number, onEvent: (event: FollowedEvent) => void) {
    this.followed = followed;
    this.onEvent = onEvent;
    this.pace = new FollowPace(intervalMs);
  }

  /**
   * Runs until the signal aborts. `onFirst`: called when the first backup is made.
   * @throws GraphkeepError what the first backup throws; later what nothing but a change of the command or of the target can mend
   */
  async run(signal: AbortSignal, onFirst: () => void = () => {}): Promise<FollowReport> {
    const { followed } = this;
    try {
      for (;;) {
        const startedAt = performance.now();
        const isFirst = this.last === undefined;
        const report = await this.attempt(() => followed.backUp(isFirst, this.onEvent, signal), signal);
        if (report === undefined) continue;
        this.take(report, startedAt);
        if (isFirst) onFirst();
        await this.waitForMore(followed.tail, this.pace.pauseAfter(performance.now() - startedAt), signal);
      }
    } catch (error) {
      if (!signal.aborted || this.last === undefined) throw error;
      return this.report(this.last);
    } finally {
      await followed.close();
    }
  }

  /** Undefined if the backup has failed and may succeed now, after a pause. */
  private async attempt(backUp: () => Promise<BackupReport>, signal: AbortSignal): Promise<BackupReport | undefined> {
    try {
      return await backUp();
    } catch (caught) {
      const error = asGraphkeepError(caught);
      if (signal.aborted || this.last === undefined || !this.followed.mayPass(error)) throw error;
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
    const { enoughBytes = Number.POSITIVE_INFINITY } = this.followed;
    if (tail === undefined) {
      this.tell(undefined);
      await sleep(pauseMs, signal);
      return;
    }
    try {
      for await (const waiting of tail.watch(signal)) {
        const now = performance.now();
        const { transactions, bytes } = waiting;
        if (transactions === 0) this.coveredAt = now;
        this.tell(transactions);
        if (transactions > 0 && dueAt - now < LOOK_MS) break;
        if (bytes >= enoughBytes) return;
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
