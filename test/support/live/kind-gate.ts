/**
 * Lets work of one kind run together, and work of two kinds only one after the other. Who waits longest goes first, so that no kind waits
 * for ever.
 */
export class KindGate {
  private running: { kind: string; count: number } | undefined;
  private readonly waiting: { kind: string; start: () => void }[] = [];

  async run<T>(kind: string, work: () => Promise<T>): Promise<T> {
    await this.enter(kind);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(kind: string): Promise<void> | undefined {
    if (this.waiting.length === 0 && (this.running === undefined || this.running.kind === kind)) {
      this.admit(kind);
      return undefined;
    }
    return new Promise((start) => {
      this.waiting.push({ kind, start });
    });
  }

  private admit(kind: string): void {
    this.running = { kind, count: (this.running?.count ?? 0) + 1 };
  }

  private leave(): void {
    this.running!.count--;
    if (this.running!.count > 0) return;
    this.running = undefined;
    const kind = this.waiting[0]?.kind;
    while (kind !== undefined && this.waiting[0]?.kind === kind) {
      this.admit(kind);
      this.waiting.shift()!.start();
    }
  }
}
