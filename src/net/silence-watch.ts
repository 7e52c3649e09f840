import { startTimer } from '../base/timers.ts';
/**
 * Reports when nothing has happened for `limitMs`. Cheap on hot paths: {@link note} only records the time, and the timer is restarted when
 * it fires. Silence while paused does not count. A limit of 0 never fires.
 */
export class SilenceWatch {
  private readonly limitMs: number;
  private readonly onSilence: () => void;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private isPaused = false;

  constructor(limitMs: number, onSilence: () => void) {
    this.limitMs = limitMs;
    this.onSilence = onSilence;
  }

  start(): void {
    this.note();
    if (this.limitMs > 0) this.arm(this.limitMs);
  }

  note(): void {
    this.lastMs = performance.now();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.note();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(delayMs: number): void {
    this.timer = startTimer(() => this.check(), delayMs);
  }

  private check(): void {
    if (this.isPaused) this.note();
    const leftMs = this.lastMs + this.limitMs - performance.now();
    if (leftMs > 0) this.arm(leftMs);
    else this.onSilence();
  }
}
