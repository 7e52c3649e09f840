import type { MeasuredProgress } from './progress.ts';
import { describePhase, describeProgress } from './progress-text.ts';

/** A long phase is reported after this time, then once in {@link REPEAT_MS}. */
const FIRST_MS = 10_000;
const REPEAT_MS = 60_000;

/**
 * The course of a command for logs: one line for each finished phase, and from time to time one for a long phase. A phase with nothing to
 * do has no line.
 */
export class PhaseLines {
  private readonly write: (line: string) => void;
  private latest: MeasuredProgress | undefined;
  private beganAt = 0;
  private toldAt = 0;

  constructor(write: (line: string) => void) {
    this.write = write;
  }

  /** `now`: in milliseconds, on the clock of the measured progress. */
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

  /** Call when the last phase has ended. */
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
