/**
 * A fixed number of equal pieces of memory, which threads share. Who needs one when all are in use waits, in turn. Memory that is handed
 * from thread to thread in place of being shared counts as new wherever it arrives, and the collector runs for nothing.
 */
export class Buffers {
  private readonly bytes: number;
  /** Pieces that were not needed yet. */
  private unmade: number;
  private readonly free: SharedArrayBuffer[] = [];
  private readonly waiting: { resolve(buffer: SharedArrayBuffer): void; reject(error: unknown): void }[] = [];
  private failure: { error: unknown } | undefined;

  /** @param bytes of each */
  constructor(count: number, bytes: number) {
    this.unmade = count;
    this.bytes = bytes;
  }

  async take(): Promise<SharedArrayBuffer> {
    if (this.failure !== undefined) throw this.failure.error;
    const buffer = this.free.pop();
    if (buffer !== undefined) return buffer;
    if (this.unmade > 0) {
      this.unmade--;
      return new SharedArrayBuffer(this.bytes);
    }
    return await new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  giveBack(buffer: SharedArrayBuffer): void {
    const next = this.waiting.shift();
    if (next !== undefined) next.resolve(buffer);
    else if (this.failure === undefined) this.free.push(buffer);
  }

  /** Lets all memory go; who waits or comes later gets the error. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.free.length = 0;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure.error);
  }
}
