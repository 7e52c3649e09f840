import { cancelledError } from '../base/cancellation.ts';

/** A requested check point that has not begun. */
interface Wanted<T> {
  readonly sinceMs: number;
  readonly made: Promise<T>;
  /** Resolves when it begins. */
  readonly begun: Promise<void>;
  begin(): void;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function makeWanted<T>(): Wanted<T> {
  let settle: Pick<Wanted<T>, 'resolve' | 'reject'> | undefined;
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const made = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { sinceMs: performance.now(), made, begun, begin, ...settle! };
}

/**
 * Orders check points and holders, which need that no check point runs. Any number of holders may share the check point that was made for
 * the first of them. A check point requested meanwhile waits until the last holder has released. A chain of holders cannot delay it for
 * ever: after it has waited long, new holders no longer join, but wait for it and share it.
 */
export class CheckPointGate<T> {
  private readonly make: () => Promise<T>;
  private readonly patienceMs: number;
  private holders = 0;
  private held: T | undefined;
  private running: Promise<T> | undefined;
  /** Requested but not begun: all requests before the next check point begins share it. */
  private wanted: Wanted<T> | undefined;
  private released: (() => void)[] = [];
  private stopped: { readonly error: unknown } | undefined;

  /** `make` makes a check point. One that has waited for `patienceMs` takes precedence over new holders. */
  constructor(make: () => Promise<T>, patienceMs = Number.POSITIVE_INFINITY) {
    this.make = make;
    this.patienceMs = patienceMs;
  }

  /** Runs a check point that begins after the call. */
  async request(): Promise<T> {
    if (this.stopped !== undefined) throw this.stopped.error;
    if (this.wanted === undefined) {
      this.wanted = makeWanted();
      void this.serve(this.wanted);
    }
    return await this.wanted.made;
  }

  /**
   * Resolves with the result of the latest check point. No further one runs until `release` is called (calling it twice is harmless). Joins
   * a check point that is being made, or the current holders unless a check point has waited too long for them.
   */
  async hold(signal?: AbortSignal): Promise<{ value: T; release: () => void }> {
    for (let wanted = this.overdue; wanted !== undefined; wanted = this.overdue) await raceAbort(wanted.begun, signal);
    this.holders++;
    try {
      const value = await raceAbort(this.acquire(), signal);
      let isHeld = true;
      const release = (): void => {
        if (isHeld) this.letGo();
        isHeld = false;
      };
      return { value, release };
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** Resolves when no check point is being made and there is no holder; rejects when `signal` aborts. */
  async whenIdle(signal?: AbortSignal): Promise<void> {
    while (!this.isIdle) await raceAbort(this.waitForChange(), signal);
  }

  /** Prevents further check points: requests that wait for one reject with `error`. Resolves when the current one has ended. */
  async stop(error: unknown): Promise<void> {
    this.stopped = { error };
    this.wanted?.reject(error);
    this.wanted?.begin();
    this.wanted = undefined;
    await this.running?.catch(() => {});
  }

  private async acquire(): Promise<T> {
    return this.held ?? (await (this.running ?? this.run()));
  }

  /** Makes the requested check point, unless a holder does so first. */
  private async serve(wanted: Wanted<T>): Promise<void> {
    await Promise.resolve();
    while (this.wanted === wanted && !this.isIdle) await this.waitForChange();
    if (this.wanted === wanted) this.run().catch(() => {});
  }

  private get overdue(): Wanted<T> | undefined {
    const { wanted } = this;
    return wanted !== undefined && performance.now() - wanted.sinceMs >= this.patienceMs ? wanted : undefined;
  }

  private get isIdle(): boolean {
    return this.running === undefined && this.holders === 0;
  }

  private async waitForChange(): Promise<void> {
    if (this.running !== undefined) await this.running.catch(() => {});
    else await new Promise<void>((resolve) => this.released.push(resolve));
  }

  /** Only while no other one runs. Its end and the presence of a holder are noted in one step. */
  private run(): Promise<T> {
    if (this.stopped !== undefined) return Promise.reject(this.stopped.error);
    const { wanted } = this;
    this.wanted = undefined;
    const running = this.make().then(
      (value) => {
        this.running = undefined;
        if (this.holders > 0) this.held = value;
        wanted?.resolve(value);
        return value;
      },
      (error: unknown) => {
        this.running = undefined;
        wanted?.reject(error);
        throw error;
      },
    );
    this.running = running;
    wanted?.begin();
    return running;
  }

  private letGo(): void {
    this.holders--;
    if (this.holders > 0) return;
    this.held = undefined;
    const { released } = this;
    this.released = [];
    for (const resolve of released) resolve();
  }
}

async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  promise.catch(() => {});
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cancelledError(signal));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
