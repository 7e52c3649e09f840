import { startTimer } from '../base/timers.ts';

/** The one moment that a connection is waiting for: to set another one forgets the one before. */
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
