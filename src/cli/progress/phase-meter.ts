import { axisOf, type MeasuredProgress, type Progress } from './progress.ts';

/** A speed measured over less time is meaningless. */
const SPEED_FROM_MS = 1000;
/** The speed is that of the last seconds, so that a stalled copy shows. */
const WINDOW_MS = 10_000;
const SAMPLE_MS = 250;

interface Sample {
  at: number;
  bytes: number;
  done: number;
}

/** Adds percentage, speed and time left to the progress of one command's phases. */
export class PhaseMeter {
  private readonly clock: () => number;
  private phase: string | undefined;
  private beganAt = 0;
  private samples: Sample[] = [];

  /** `clock`: in milliseconds. */
  constructor(clock: () => number) {
    this.clock = clock;
  }

  measure(progress: Progress): MeasuredProgress {
    const now = this.clock();
    const axis = axisOf(progress);
    const sample = { at: now, bytes: progress.bytes ?? 0, done: axis?.done ?? 0 };
    if (progress.phase !== this.phase) this.begin(progress.phase, sample);
    const oldest = this.remember(sample);
    const pastMs = now - oldest.at;
    const measured: MeasuredProgress = { ...progress, elapsedMs: now - this.beganAt };
    if (axis !== undefined) measured.percent = percentOf(axis, progress.isEstimate === true);
    if (pastMs < SPEED_FROM_MS) return measured;
    if (progress.bytes !== undefined) {
      measured.bytesPerSecond = Math.max(0, Math.round((1000 * (sample.bytes - oldest.bytes)) / pastMs));
    }
    if (axis?.isEven === true && sample.done > oldest.done) {
      measured.leftMs = Math.round((pastMs * Math.max(0, axis.total - axis.done)) / (sample.done - oldest.done));
    }
    return measured;
  }

  private begin(phase: string, sample: Sample): void {
    this.phase = phase;
    this.beganAt = sample.at;
    this.samples = [{ ...sample, bytes: 0, done: 0 }];
  }

  /** Returns the oldest sample of the window. */
  private remember(sample: Sample): Sample {
    const { samples } = this;
    if (sample.at - samples.at(-1)!.at >= SAMPLE_MS) samples.push(sample);
    // A file that is sent again reduces the byte count; earlier samples are then meaningless.
    if (sample.done < samples[0]!.done || sample.bytes < samples[0]!.bytes) this.samples = [sample];
    while (this.samples.length > 1 && sample.at - this.samples[1]!.at >= WINDOW_MS) this.samples.shift();
    return this.samples[0]!;
  }
}

function percentOf({ done, total }: { done: number; total: number }, isEstimate: boolean): number {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  return Math.min(percent, isEstimate ? 99 : 100);
}
