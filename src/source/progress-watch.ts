import { startTimer } from '../base/timers.ts';
import { SilenceWatch } from '../net/silence-watch.ts';

/** A peer that sends less than this only keeps us waiting: one byte now and then keeps every silence short. */
export const LEAST_BYTES_PER_SECOND = 1024;

/** Length of the window for measuring the rate; it counts only time in which something came. */
const WINDOW_MS = 5 * 60_000;

/** A longer gap counts as silence, which has its own limit: a server may be busy with a check point. */
const LONGEST_GAP_MS = 10_000;

interface ProgressLimits {
  /** Longest silence; 0 = nothing is watched. */
  silenceMs: number;
  windowMs?: number;
}

/** Watches a peer that sends: it must not be silent for too long, nor so slow that the end would never come. */
export class ProgressWatch {
  private readonly silence: SilenceWatch;
  private readonly silenceMs: number;
  private readonly windowMs: number;
  private readonly onSlow: (observed: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private activeMs = 0;
  private bytes = 0;

  constructor(
    { silenceMs, windowMs = WINDOW_MS }: ProgressLimits,
    onSilence: () => void,
    onSlow: (observed: string) => void,
  ) {
    this.silence = new SilenceWatch(silenceMs, onSilence);
    this.silenceMs = silenceMs;
    this.windowMs = windowMs;
    this.onSlow = onSlow;
  }

  start(): void {
    this.stop();
    this.silence.start();
    this.beginWindow();
    this.lastMs = performance.now();
    if (this.silenceMs > 0) this.arm();
  }

  note(bytes: number): void {
    this.silence.note();
    const now = performance.now();
    this.activeMs += Math.min(now - this.lastMs, LONGEST_GAP_MS);
    this.lastMs = now;
    this.bytes += bytes;
  }

  /** Stops the clock while the delay is not the peer's fault. */
  pause(): void {
    this.silence.pause();
  }

  resume(): void {
    this.silence.resume();
    this.lastMs = performance.now();
  }

  stop(): void {
    this.silence.stop();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private beginWindow(): void {
    this.activeMs = 0;
    this.bytes = 0;
  }

  private arm(): void {
    this.timer = startTimer(() => this.check(), this.windowMs);
  }

  private check(): void {
    const { activeMs, bytes, windowMs } = this;
    if (activeMs < windowMs) {
      this.arm();
      return;
    }
    if ((bytes * 1000) / activeMs < LEAST_BYTES_PER_SECOND) {
      this.stop();
      this.onSlow(`${bytes} bytes in ${Math.round(activeMs / 1000)} s`);
      return;
    }
    this.beginWindow();
    this.arm();
  }
}
