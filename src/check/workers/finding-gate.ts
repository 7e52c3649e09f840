const CLOSED = 0;
const TAKEN = 1;
const BYTES = 8;
/** Maximum number of finding batches on their way from a worker. */
const MOST_WAITING = 64;

/**
 * Blocks a worker while its findings must wait for those of earlier parts, so that they do not fill the memory. Uses shared memory, because
 * a worker in the middle of reporting cannot wait for a message.
 */
export class FindingGate {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private sent = 0;

  constructor(memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.words = new Int32Array(memory);
  }

  /** Receiver: a batch was processed. */
  take(): void {
    Atomics.add(this.words, TAKEN, 1);
    Atomics.notify(this.words, TAKEN);
  }

  /** Receiver: nothing more will be processed. */
  close(): void {
    Atomics.store(this.words, CLOSED, 1);
    Atomics.add(this.words, TAKEN, 1);
    Atomics.notify(this.words, TAKEN);
  }

  /** Sender: waits until another batch may be sent; false if none is wanted any more. */
  pass(): boolean {
    this.sent++;
    for (;;) {
      if (Atomics.load(this.words, CLOSED) !== 0) return false;
      const taken = Atomics.load(this.words, TAKEN);
      if (this.sent - taken <= MOST_WAITING) return true;
      Atomics.wait(this.words, TAKEN, taken);
    }
  }
}
