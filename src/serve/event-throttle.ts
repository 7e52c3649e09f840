import { startTimer } from '../base/timers.ts';
import type { ListenerEvent } from './conversation/listener-events.ts';

const WINDOW_MS = 10_000;
const MOST_EVENTS = 100;

/**
 * Passes so many events of a listener on in each stretch of time, and then how many there were beyond that: clients must not fill the disk
 * of the log by connecting again and again.
 */
export class EventThrottle {
  private readonly next: (event: ListenerEvent) => void;
  private readonly most: number;
  private readonly windowMs: number;
  private passed = 0;
  private leftOut = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(next: (event: ListenerEvent) => void, { most = MOST_EVENTS, windowMs = WINDOW_MS } = {}) {
    this.next = next;
    this.most = most;
    this.windowMs = windowMs;
  }

  readonly take = (event: ListenerEvent): void => {
    this.timer ??= startTimer(() => this.endWindow(), this.windowMs).unref();
    if (this.passed < this.most) {
      this.passed++;
      this.next(event);
    } else this.leftOut++;
  };

  /** Tells what was left out; for the end of the listener. */
  endWindow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.leftOut > 0) this.next({ kind: 'left-out', count: this.leftOut });
    this.passed = 0;
    this.leftOut = 0;
  }
}
