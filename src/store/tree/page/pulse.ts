import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../../base/cancellation.ts';

const PAGES_PER_TURN = 512;

/** Lets long work on pages be cancelled and gives the event loop a turn now and then. */
export class Pulse {
  private readonly signal: AbortSignal | undefined;
  private pages = 0;

  constructor(signal?: AbortSignal) {
    this.signal = signal;
  }

  /** To be called (and awaited if it returns something) once per page. */
  tick(): Promise<void> | undefined {
    if (++this.pages % PAGES_PER_TURN !== 0) return undefined;
    throwIfCancelled(this.signal);
    return setImmediate();
  }
}
