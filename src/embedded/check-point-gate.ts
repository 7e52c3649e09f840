import { cancelledError } from '../base/cancellation.ts';

/** A check point that is still to come. */
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
 * Orders check points and those who need that none is made: any number may hold, and share the check point that was made for the first of
 * them. A check point that is asked for meanwhile waits until the last one has let go. So that a chain of holders cannot keep it away for
 * ever, those who come when it has waited long do not join any more, but wait for it and share it.
 */
export class CheckPointGate<T> {
  private readonly make: () => Promise<T>;
  private readonly patienceMs: number;
  private holders = 0;
  private held: T | undefined;
  private running: Promise<T> | undefined;
  /** Asked for, not begun: all who ask before the next one begins share that, whoever begins it. */
  private wanted: Wanted<T> | undefined;
  private released: (() => void)[] = [];
  private stopped: { readonly error: unknown } | undefined;

  /** `make` makes a check point. One that has waited for `patienceMs` goes before new holders. */
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
   * Resolves with what the check point gave that no other one follows until `release`, which may be called more than once. Joins a check
   * point that is being made, or those who hold already unless a check point has waited too long for them.
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

  /** Resolves when no check point is being made and nobody holds, rejects when `signal` aborts. */
  async whenIdle(signal?: AbortSignal): Promise<void> {
    while (!this.isIdle) await raceAbort(this.waitForChange(), signal);
  }

  /** Lets no check point begin any more: who waits for one gets `error`. Resolves when the one that is being made has ended. */
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

  /** Makes the check point that is wanted, unless a holder does before. */
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

  /** Only while no other one runs. That it has ended and that somebody holds it is noted in one step. */
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
