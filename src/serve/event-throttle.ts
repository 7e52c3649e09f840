import { startTimer } from '../base/timers.ts';
import type { ListenerEvent } from './conversation/listener-events.ts';

const WINDOW_MS = 10_000;
const MOST_EVENTS = 100;

/**
 * Passes on a limited number of a listener's events per time window, then a count of the rest: clients must not fill the disk by connecting
 * again and again.
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

  /** Reports the number of suppressed events; call it when the listener ends. */
  endWindow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.leftOut > 0) this.next({ kind: 'left-out', count: this.leftOut });
    this.passed = 0;
    this.leftOut = 0;
  }
}
