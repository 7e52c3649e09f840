import type { ValueKinds } from './property-values.ts';
import type { Random } from './random.ts';

/** Ids the load believes to exist. Removing takes a random one. */
export class IdPool {
  private readonly ids: number[] = [];

  get size(): number {
    return this.ids.length;
  }

  add(id: number): void {
    this.ids.push(id);
  }

  pick(random: Random): number | undefined {
    return this.ids.length === 0 ? undefined : random.pick(this.ids);
  }

  take(random: Random): number | undefined {
    if (this.ids.length === 0) return undefined;
    const index = random.integer(0, this.ids.length - 1);
    const id = this.ids[index]!;
    const last = this.ids.pop()!;
    if (index < this.ids.length) this.ids[index] = last;
    return id;
  }
}

/** What operations share. */
export interface LoadState {
  readonly kinds: ValueKinds;
  readonly indexedKinds: ValueKinds;
  readonly nodes: IdPool;
  readonly relationships: IdPool;
  /** Nodes in an explicit index. */
  readonly filed: IdPool;
  /** Nodes kept dense. */
  readonly hubs: number[];
  nextUid: number;
  nextToken: number;
}
