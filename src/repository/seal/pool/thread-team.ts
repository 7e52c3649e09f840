import type { PoolThread } from './pool-thread.ts';

/** A few threads that share work. Each starts when all before it are busy: little work needs no more than one. */
export class ThreadTeam<Order, Answer extends { kind: string }> {
  private readonly most: number;
  private readonly start: () => PoolThread<Order, Answer>;
  private readonly threads: PoolThread<Order, Answer>[] = [];

  constructor(most: number, start: () => PoolThread<Order, Answer>) {
    this.most = most;
    this.start = start;
  }

  /** The one with the least to do. */
  get idlest(): PoolThread<Order, Answer> {
    const [idlest] = this.threads.toSorted((one, other) => one.load - other.load);
    if (idlest !== undefined && (idlest.load === 0 || this.threads.length === this.most)) return idlest;
    const started = this.start();
    this.threads.push(started);
    return started;
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.end()));
  }
}
