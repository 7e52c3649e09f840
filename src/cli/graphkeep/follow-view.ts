import { isNote } from '../../backup/backup-events.ts';
import type { BackupReport } from '../../backup/backup-options.ts';
import { causeOf } from '../../backup/follow/follow-errors.ts';
import type { FollowEvent, FollowedEvent, FollowState } from '../../backup/follow/follow-events.ts';
import { describeError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { formatLogTime } from '../command-context.ts';
import { describeSeconds } from '../progress/progress-text.ts';
import { describeBackupNote } from '../wording/backup-text.ts';
import { BackupTimes, describeBackup } from './backup-summary.ts';
import { BackupView } from './backup-view.ts';
import { dataOfEvent, noteOfEvent } from './event-data.ts';
import type { Reporter, State } from './reporter.ts';

/** Time between two lines about incremental backups, in milliseconds. */
const LINE_MS = 60_000;
/** Most notes that are remembered, so that none is told again and again. */
const MOST_NOTES = 1000;

/** Which one of several is followed. */
export interface FollowedPlace {
  readonly database: string;
  readonly directory: string;
}

export interface FollowViewOptions {
  /** For programs. Undefined: there is only one. */
  readonly place?: FollowedPlace | undefined;
  /** For people, if there are several. */
  readonly name?: string | undefined;
  /** How a backup is checked, if it is not one in a directory. */
  readonly checked?: string;
  /** Called instead of the reporter when the state has changed. */
  readonly onState?: () => void;
}

/** How far a followed backup is. */
export type SeenState = FollowState & Partial<FollowedPlace>;

/**
 * Shows a followed backup: a full one like any other; of incremental ones the live view, or a line in a minute, or an event each for
 * programs.
 */
export class FollowView {
  private readonly reporter: Reporter;
  private readonly clock: () => number;
  private readonly place: FollowedPlace | undefined;
  private readonly prefix: string;
  private readonly checked: string | undefined;
  private readonly onState: () => void;
  private backup: BackupView;
  private times: BackupTimes;
  private isFirst = true;
  /** A full backup is under way: it is shown as such. */
  private isFull = false;
  private state: (FollowState & { at: number }) | undefined;
  private sinceLine = { at: 0, transactions: 0, bytes: 0 };
  private readonly told = new Set<string>();

  /** `clock`: in milliseconds. */
  constructor(reporter: Reporter, clock: () => number, { place, name, checked, onState }: FollowViewOptions = {}) {
    this.reporter = reporter;
    this.clock = clock;
    this.place = place;
    this.prefix = name === undefined ? '' : `${name}: `;
    this.checked = checked;
    this.onState = onState ?? (() => reporter.status(describeFollowing(this.state!)));
    this.times = new BackupTimes(clock);
    this.backup = new BackupView(reporter);
  }

  readonly show = (event: FollowedEvent): void => {
    switch (event.kind) {
      case 'followed':
        this.tellBackup(event);
        return;
      case 'looked': {
        const { kind: _, ...state } = event;
        this.state = { ...state, at: this.clock() };
        this.onState();
        return;
      }
      case 'follow-interrupted':
        this.tellInterruption(event);
        return;
      case 'follow-resumed':
        this.reporter.happened(event.kind, this.stamp(describeResumption(event)), {
          ...dataOfEvent(event),
          ...this.place,
        });
        return;
      default:
        this.showBackup(event);
    }
  };

  /** For SIGUSR1; undefined during a full backup, whose progress says more. */
  describeState(): State | undefined {
    const following = this.seen();
    return following && { text: describeFollowing(following), data: { following } };
  }

  /** How far it is now; undefined during a full backup. */
  seen(): SeenState | undefined {
    if (this.state === undefined || this.isFull) return undefined;
    const { at, ...seen } = this.state;
    const behindMs = seen.transactionsBehind === 0 ? 0 : seen.behindMs + this.clock() - at;
    return { ...this.place, ...seen, behindMs };
  }

  private showBackup(event: Exclude<FollowedEvent, FollowEvent>): void {
    this.times.after(event);
    if (event.kind === 'backup-began') {
      this.isFull = this.isFirst;
      this.backup = new BackupView(this.reporter);
    }
    if (event.kind === 'attempt-began' && event.backup === 'full') this.isFull = true;
    if (isNote(event) && this.isTold(describeBackupNote(event))) return;
    if (this.isFull || isNote(event)) this.backup.show(event);
  }

  /** A note that every incremental backup has is told once. */
  private isTold(text: string): boolean {
    if (this.told.has(text)) return true;
    if (this.told.size >= MOST_NOTES) this.told.clear();
    this.told.add(text);
    return false;
  }

  private tellBackup({ report, behindMs }: Extract<FollowEvent, { kind: 'followed' }>): void {
    const { notes: _, check, ...rest } = report;
    const { copyMs, checkMs } = this.times;
    const verdict = check === undefined ? {} : { check: { ...check, durationMs: checkMs } };
    const data = { ...this.place, ...rest, ...(this.isFull ? { copyMs, ...verdict } : {}), behindMs };
    const text = this.isFull ? describeBackup(report, this.times, this.checked) : this.describeSome(report, behindMs);
    if (this.isFull && this.isFirst) this.sinceLine.at = this.clock();
    this.isFirst = false;
    this.isFull = false;
    this.times = new BackupTimes(this.clock);
    this.reporter.happened('followed', text, data);
  }

  private tellInterruption(event: Extract<FollowEvent, { kind: 'follow-interrupted' }>): void {
    const data = { ...event, error: causeOf(event.error), ...this.place };
    this.reporter.note(noteOfEvent(data, this.stamp(describeInterruption(event))));
  }

  private describeSome(report: BackupReport, behindMs: number): string {
    const { sinceLine } = this;
    sinceLine.transactions += report.lastTransaction - report.firstTransaction + 1;
    sinceLine.bytes += report.bytes;
    if (this.clock() - sinceLine.at < LINE_MS) return '';
    const { transactions, bytes } = sinceLine;
    this.sinceLine = { at: this.clock(), transactions: 0, bytes: 0 };
    return this.stamp(
      `Up to transaction ${report.lastTransaction} (${transactions} more, ${formatBytes(bytes)}), ${describeSeconds(behindMs)} behind`,
    );
  }

  private stamp(text: string): string {
    return printableLine(`${formatLogTime(new Date(this.clock()))} ${this.prefix}${text}`);
  }
}

function describeFollowing(state: FollowState): string {
  return `following, ${describeLag(state)}`;
}

export function describeLag({ lastTransaction, behindMs, transactionsBehind }: FollowState): string {
  const waiting = transactionsBehind === undefined ? '' : `${transactionsBehind} transactions and `;
  return `transaction ${lastTransaction}, ${waiting}${describeSeconds(behindMs)} behind`;
}

function describeInterruption({ error, retryMs }: Extract<FollowEvent, { kind: 'follow-interrupted' }>): string {
  return `Interrupted, trying again in ${describeSeconds(retryMs)}: ${describeError(causeOf(error))}`;
}

function describeResumption({ afterMs }: Extract<FollowEvent, { kind: 'follow-resumed' }>): string {
  return `Goes on after ${describeSeconds(afterMs)}.`;
}
