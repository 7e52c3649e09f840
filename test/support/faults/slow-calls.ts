/** Base class for receivers. With `slow`, each call takes a turn of the event loop and must be awaited. */
export abstract class SlowCalls {
  calls = 0;
  private isBusy = false;
  private readonly slow: boolean;

  constructor(slow = false) {
    this.slow = slow;
  }

  /** Reads the memory only when the call is about to return, so that premature reuse is found. */
  protected call(effect: () => void): Promise<void> | undefined {
    if (this.isBusy) throw new Error('called again before the promise was fulfilled');
    this.calls++;
    if (!this.slow) {
      effect();
      return undefined;
    }
    this.isBusy = true;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.isBusy = false;
        effect();
        resolve();
      }),
    );
  }
}
