import { startTimer } from '../base/timers.ts';

/** The single deadline of a connection; setting a new one replaces the old one. */
export class ConnectionDeadline {
  private timer: NodeJS.Timeout | undefined;

  /** Calls `onPassed` after `delayMs`, unless it is set again or cleared before; never if that is 0. */
  set(delayMs: number, onPassed: () => void): void {
    this.clear();
    if (delayMs > 0) this.timer = startTimer(onPassed, delayMs);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
