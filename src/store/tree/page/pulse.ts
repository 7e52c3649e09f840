import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../../base/cancellation.ts';

const PAGES_PER_TURN = 512;

/** Makes long work on pages cancellable and yields to the event loop now and then. */
export class Pulse {
  private readonly signal: AbortSignal | undefined;
  private pages = 0;

  constructor(signal?: AbortSignal) {
    this.signal = signal;
  }

  /** Call once per page, and await the result if there is one. */
  tick(): Promise<void> | undefined {
    if (++this.pages % PAGES_PER_TURN !== 0) return undefined;
    throwIfCancelled(this.signal);
    return setImmediate();
  }
}
