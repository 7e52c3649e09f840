import type { MeasuredProgress } from './progress.ts';
import { describePhase, describeProgress } from './progress-text.ts';

/** A long phase is told of after this time, then once in {@link REPEAT_MS}. */
const FIRST_MS = 10_000;
const REPEAT_MS = 60_000;

/**
 * The course of a command for logs: a line for each phase when it has ended, and from time to time one for a phase that takes long. A phase
 * that had nothing to do has no line.
 */
export class PhaseLines {
  private readonly write: (line: string) => void;
  private latest: MeasuredProgress | undefined;
  private beganAt = 0;
  private toldAt = 0;

  constructor(write: (line: string) => void) {
    this.write = write;
  }

  /** `now`: in milliseconds, as of the clock of the measured progress. */
  show(progress: MeasuredProgress, now: number): void {
    if (progress.phase !== this.latest?.phase) {
      this.end(now);
      this.beganAt = now - progress.elapsedMs;
      this.toldAt = this.beganAt + FIRST_MS - REPEAT_MS;
    }
    this.latest = progress;
    if (now - this.toldAt < REPEAT_MS) return;
    this.toldAt = now;
    this.write(describeProgress(progress));
  }

  /** The last phase has ended. */
  end(now: number): void {
    const { latest } = this;
    this.latest = undefined;
    if (latest === undefined || !hasDoneSomething(latest)) return;
    this.write(describePhase(latest, now - this.beganAt));
  }
}

function hasDoneSomething({ files, bytes, transactions, indexes }: MeasuredProgress): boolean {
  return (files ?? 0) + (bytes ?? 0) + (transactions ?? 0) + (indexes ?? 0) > 0;
}
