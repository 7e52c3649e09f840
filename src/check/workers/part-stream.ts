/** Buffers a worker's news about one part until its turn comes. */
export class PartStream<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | undefined;

  add(item: T): void {
    this.items.push(item);
    this.wake?.();
  }

  /** The next item, in order. */
  async next(): Promise<T> {
    while (this.items.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.items.shift()!;
  }
}
